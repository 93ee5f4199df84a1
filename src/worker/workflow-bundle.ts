// The workflow bundle: built once, then reused. A build ships it; from a checkout it is made on first use and kept beside the data.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { WorkflowBundle } from '@temporalio/worker'

const isSource = import.meta.url.endsWith('.ts')
const workflowsPath = fileURLToPath(new URL(`../workflows/index${isSource ? '.ts' : '.js'}`, import.meta.url))
/** Where `npm run build` leaves the bundle. */
export const builtBundlePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url))

/** The bundle's code, made without a cache. Takes 2–3 s. */
export async function buildWorkflowBundle(path: string = workflowsPath): Promise<string> {
  const silent = (): void => undefined
  const logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, log: silent }
  const { code } = await bundleWorkflowCode({ workflowsPath: path, logger })
  return code
}

/** What a worker takes: the shipped bundle, or one from `cacheFolder` for exactly these sources. */
export async function loadWorkflowBundle(cacheFolder: string): Promise<WorkflowBundle> {
  if (!isSource) return { code: await readFile(builtBundlePath, 'utf8') }
  const cachedPath = join(cacheFolder, `workflow-bundle-${await sourceDigest()}.js`)
  const cached = await readFile(cachedPath, 'utf8').catch(() => null)
  if (cached !== null) return { code: cached }
  const code = await buildWorkflowBundle()
  await mkdir(cacheFolder, { recursive: true })
  // Renamed into place, so that nobody reads half a bundle; a name of its own, since two of one process may make it at once.
  const temporaryPath = `${cachedPath}.${randomUUID()}`
  await writeFile(temporaryPath, code)
  await rename(temporaryPath, cachedPath)
  return { code }
}

/** Everything the bundle is made from: workflow and contract sources and the SDK. */
async function sourceDigest(): Promise<string> {
  const digest = createHash('sha256')
  digest.update(await readFile(createRequire(import.meta.url).resolve('@temporalio/workflow/package.json')))
  for (const folder of ['../workflows/', '../contract/']) {
    const path = fileURLToPath(new URL(folder, import.meta.url))
    for (const file of (await readdir(path)).toSorted()) digest.update(file).update(await readFile(join(path, file)))
  }
  return digest.digest('hex').slice(0, 16)
}
