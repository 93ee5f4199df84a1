// Fetches the Temporal CLI as the SDK does it, from the official host, into a folder of ours.
import { spawn } from 'node:child_process'
import { access, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { temporalCliVersion } from './cli-version.ts'
import { ownScriptArguments } from './own-script.ts'
import { lastTellingLine } from './run-command.ts'

export interface OfficialDownloadOptions {
  /** empty folder of ours; the binary is left in it */
  folder: string
  /** no byte for this long means that the host is not reachable (a hanging proxy, a dropped packet) */
  stallMs: number
  signal?: AbortSignal | undefined
  env?: NodeJS.ProcessEnv | undefined
  /** told the id of the process that downloads */
  onStart?: ((pid: number) => void) | undefined
}

export type DownloadResult = { kind: 'fetched'; path: string } | { kind: 'failed'; why: string }

/** How often progress is looked at: small against the stall time, large against the cost of a stat. */
const pollMs = 100

export async function downloadOfficialCli(options: OfficialDownloadOptions): Promise<DownloadResult> {
  const { folder, stallMs, signal } = options
  const version = `v${temporalCliVersion}`
  // The name that the SDK's core gives to a finished download; while it runs, the name ends in `.downloading`.
  const finished = join(folder, `temporal-${version}${process.platform === 'win32' ? '.exe' : ''}`)
  const child = spawn(process.execPath, [...ownScriptArguments('official-download-child', import.meta.url), folder, version], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: options.env ?? process.env,
  })
  if (child.pid !== undefined) options.onStart?.(child.pid)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-8192)
  })
  const ended = new Promise<void>((resolve) => {
    child.on('error', () => resolve())
    child.on('close', () => resolve())
  })
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  try {
    let size = -1
    let lastProgressMs = performance.now()
    for (;;) {
      if (await exists(finished)) return { kind: 'fetched', path: finished }
      if (hasEnded) return { kind: 'failed', why: shortReason(stderr) }
      if (signal?.aborted === true) return { kind: 'failed', why: 'stopped' }
      const now = await sizeOf(folder)
      if (now !== size) {
        size = now
        lastProgressMs = performance.now()
      }
      if (performance.now() - lastProgressMs > stallMs) return { kind: 'failed', why: `no byte came within ${stallMs / 1000} s` }
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, pollMs))])
    }
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function sizeOf(folder: string): Promise<number> {
  let sizeBytes = 0
  for (const name of await readdir(folder)) {
    // A file may be renamed between the two calls.
    sizeBytes += await stat(join(folder, name)).then(
      (entry) => entry.size,
      () => 0,
    )
  }
  return sizeBytes
}

/** Core's message repeats the URL and every layer of its HTTP stack: each part once, without the two that only say what we were doing. */
function shortReason(stderr: string): string {
  const parts = lastTellingLine(stderr, 2000)
    .replace(/\?[^\s)]*/g, '')
    .split(': ')
    .filter((part) => !/ephemeral server( executable)?$/.test(part))
  return [...new Set(parts)].join(': ').slice(0, 200)
}
