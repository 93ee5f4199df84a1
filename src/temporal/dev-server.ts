// The embedded Temporal server: `temporal server start-dev` behind a guard, so that it never outlives the process that started it.
import { Connection } from '@temporalio/client'
import { setTimeout as sleep } from 'node:timers/promises'
import { oneLine } from './error-code.ts'
import type { Ending } from './guard-messages.ts'
import type { GuardedProcess } from './guarded-process.ts'
import { startGuarded } from './guarded-process.ts'
import { findFreePort, isPortFree, PortInUseError, probe } from './ports.ts'
import { lastTellingLine } from './run-command.ts'

export interface DevServerOptions {
  cliPath: string
  /** where histories are kept; null: in memory, gone with the process */
  dbFilename: string | null
  /** a loopback address: the server asks nobody who they are */
  host: string
  /** 0: a free one */
  port: number
  /** 0: a free one; null: no UI */
  uiPort: number | null
  /** false: where a port is taken, any free one will do. Default true: it is an error */
  arePortsFixed?: boolean
  namespace: string
  /** registered at the start; all are keywords */
  searchAttributes: readonly string[]
  /** what the server prints is appended here */
  logFile: string
  /** ends a "port in use" message: what to set or pass to get another port */
  portRemedy?: string
}

export interface DevServer {
  /** host:port for clients and workers */
  readonly address: string
  readonly uiUrl: string | null
  readonly namespace: string
  /** of the Temporal process itself */
  readonly pid: number
  /** resolves when the server has ended, wanted or not; says how */
  readonly ended: Promise<string>
  stop: () => Promise<void>
}

/** Temporal could not be started; the message carries its own last words. */
export class DevServerError extends Error {
  override readonly name = 'DevServerError'
}

/** Measured 0.6 s on two quiet cores; a machine that is busy with a first download and a test run may take twenty times that. */
const startTimeoutMs = 30_000
/** Between looks while it starts. */
const pollMs = 20
/** A free port can be taken between our look and its use, by any process of the machine. Three in a row is something else. */
const freePortTries = 3

export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  for (let tryNumber = 1; ; tryNumber += 1) {
    // What was lost in a race is not tried again.
    const isLoser = tryNumber > 1 && options.arePortsFixed === false
    const port = await choosePort('the Temporal server', options, isLoser ? 0 : options.port)
    const uiPort = options.uiPort === null ? null : await choosePort("Temporal's UI", options, isLoser ? 0 : options.uiPort)
    const guarded = await startGuarded({
      command: options.cliPath,
      args: cliArguments(options, port, uiPort),
      env: cleanEnvironment(),
      logFile: options.logFile,
      ending: endingFor(options),
    })
    const failure = await waitUntilReady(guarded, options, port)
    if (failure === null) return toDevServer(guarded, options, port, uiPort)
    await guarded.end('at-once')
    const lastWords = await guarded.readOutput()
    const isPortTaken = /address already in use/.test(lastWords)
    const mayMove = options.port === 0 || options.uiPort === 0 || options.arePortsFixed === false
    if (isPortTaken && mayMove && tryNumber < freePortTries) continue
    throw new DevServerError(
      `Temporal (${options.cliPath}) could not be started: ${failure}: ${lastTellingLine(lastWords)} (see ${options.logFile})`,
    )
  }
}

function toDevServer(guarded: GuardedProcess, options: DevServerOptions, port: number, uiPort: number | null): DevServer {
  return {
    address: `${options.host}:${port}`,
    uiUrl: uiPort === null ? null : `http://${options.host}:${uiPort}`,
    namespace: options.namespace,
    pid: guarded.pid,
    ended: guarded.ended,
    stop: () => guarded.end(endingFor(options)),
  }
}

/** A server in memory has nothing to save; one with a file gets the time to close it (it survives a SIGKILL, too). */
function endingFor(options: DevServerOptions): Ending {
  return options.dbFilename === null ? 'at-once' : 'gently'
}

async function choosePort(what: string, options: DevServerOptions, wanted: number): Promise<number> {
  if (wanted === 0) return findFreePort(options.host)
  if (await isPortFree(options.host, wanted)) return wanted
  if (options.arePortsFixed === false) return findFreePort(options.host)
  throw new PortInUseError(what, options.host, wanted, options.portRemedy ?? 'Choose another one.')
}

function cliArguments(options: DevServerOptions, port: number, uiPort: number | null): string[] {
  const args = ['server', 'start-dev', '--ip', options.host, '--port', String(port), '--namespace', options.namespace]
  args.push('--log-level', 'warn', '--log-format', 'json')
  // The server would otherwise ask its makers for news of releases.
  args.push('--dynamic-config-value', 'frontend.enableServerVersionCheck=false')
  if (uiPort === null) args.push('--headless')
  else args.push('--ui-port', String(uiPort), '--ui-disable-news-fetch')
  if (options.dbFilename !== null) args.push('--db-filename', options.dbFilename)
  for (const name of options.searchAttributes) args.push('--search-attribute', `${name}=Keyword`)
  return args
}

/** No TEMPORAL_* (they mean another server) and no key of ours: the server needs neither. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'USERPROFILE', 'SystemRoot', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'TZ']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

/** Null when the server answers and knows its namespace; else why it never did. */
async function waitUntilReady(guarded: GuardedProcess, options: DevServerOptions, port: number): Promise<string | null> {
  const endMs = performance.now() + startTimeoutMs
  let lastError = 'no answer'
  while (performance.now() < endMs) {
    if (guarded.hasEnded()) return `it ended (${await guarded.ended})`
    // A refused gRPC channel waits a second before it tries again; a bare socket says at once when there is somebody to talk to.
    if ((await probe(options.host, port, 1_000)) === null) {
      const answer = await askNamespace(`${options.host}:${port}`, options.namespace)
      if (answer === null) return null
      lastError = answer
    }
    await sleep(pollMs)
  }
  return `it did not answer within ${startTimeoutMs / 1000} s (${lastError})`
}

async function askNamespace(address: string, namespace: string): Promise<string | null> {
  const connection = Connection.lazy({ address, connectTimeout: 2_000 })
  try {
    await connection.withDeadline(Date.now() + 2_000, () => connection.workflowService.describeNamespace({ namespace }))
    return null
  } catch (error) {
    return oneLine(error)
  } finally {
    await connection.close()
  }
}
