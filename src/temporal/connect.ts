// Connections to a Temporal server. TEMPORAL_* is read by Temporal's own environment configuration, so that it means here what it
// means to `temporal` and every other program; nothing of it is parsed by us.
import { Client, Connection } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { NativeConnectionOptions } from '@temporalio/worker'
import { NativeConnection, TransportError } from '@temporalio/worker'
import ipaddr from 'ipaddr.js'
import { errorCode, grpcStatus, oneLine } from './error-code.ts'
import { probe } from './ports.ts'

/** Where a Temporal server is and how it is spoken to. */
export interface TemporalTarget {
  /** host:port */
  address: string
  namespace: string
  tls: NativeConnectionOptions['tls']
  /** a secret: never printed */
  apiKey: string | undefined
  metadata: NativeConnectionOptions['metadata']
}

export interface TemporalLink {
  address: string
  namespace: string
  connection: Connection
  client: Client
  close: () => Promise<void>
}

/** Nobody that speaks Temporal answers at the address, or it does not know us or the namespace. The message names what to set. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError'
}

/** The address is on another machine and nothing would be encrypted. */
export class PlaintextTemporalError extends Error {
  override readonly name = 'PlaintextTemporalError'
}

export interface ConnectOptions {
  /** true: speak plain text to another machine (inside a private network). Default false. */
  allowPlaintext?: boolean
}

/** People wait for this; gRPC tries again by itself within it, which is enough for a server that is just starting. */
const connectTimeoutMs = 3_500
/** For the question that follows a connection, and for the worker's connection. */
const answerTimeoutMs = 1_500

const grpcNotFound = 5
const grpcPermissionDenied = 7
const grpcUnauthenticated = 16

/** What TEMPORAL_* (or the profile they name) says; null when no address is given. */
export function readTemporalTarget(env: NodeJS.ProcessEnv, options: { disableFile?: boolean } = {}): TemporalTarget | null {
  const overrideEnvVars: Record<string, string> = {}
  // An empty variable is an unset one, as everywhere in darkroom.
  for (const [name, value] of Object.entries(env)) if (value !== undefined && value !== '') overrideEnvVars[name] = value
  const { connectionOptions, namespace } = loadClientConnectConfig({ ...options, overrideEnvVars })
  if (connectionOptions.address === undefined) return null
  return {
    address: connectionOptions.address,
    namespace: namespace ?? 'default',
    tls: connectionOptions.tls,
    apiKey: connectionOptions.apiKey,
    metadata: connectionOptions.metadata,
  }
}

/** A server without TLS and keys, such as the embedded one. */
export function plainTarget(address: string, namespace: string): TemporalTarget {
  return { address, namespace, tls: undefined, apiKey: undefined, metadata: undefined }
}

/** For gateway and CLI. Checks that the server answers and knows the namespace, within five seconds. */
export async function connectTemporal(target: TemporalTarget, options: ConnectOptions = {}): Promise<TemporalLink> {
  refusePlaintext(target, options)
  const { address, namespace } = target
  const connection = await Connection.connect({ ...connectionOptions(target), connectTimeout: connectTimeoutMs }).catch(
    async (error: unknown) => {
      throw await unreachable(target, error)
    },
  )
  try {
    await connection.withDeadline(Date.now() + answerTimeoutMs, () => connection.workflowService.describeNamespace({ namespace }))
  } catch (error) {
    // A key may be allowed to run workflows and not to look at the namespace.
    if (grpcStatus(error) !== grpcPermissionDenied) {
      await connection.close()
      throw await unreachable(target, error)
    }
  }
  return { address, namespace, connection, client: new Client({ connection, namespace }), close: () => connection.close() }
}

/** For workers. One connection per worker where two poll the same task queue: they may not share one. */
export async function connectWorker(target: TemporalTarget, options: ConnectOptions = {}): Promise<NativeConnection> {
  refusePlaintext(target, options)
  const connecting = NativeConnection.connect(connectionOptions(target))
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), connectTimeoutMs)
  })
  try {
    return await Promise.race([connecting, timeout])
  } catch (error) {
    // A connection that comes too late has no owner.
    void connecting.then(
      (late) => late.close(),
      () => {},
    )
    throw await unreachable(target, error)
  } finally {
    clearTimeout(timer)
  }
}

/** A server that goes away between the connection and the first worker is an unreachable one, and not an error of the SDK's. */
export async function orUnreachable<T>(target: TemporalTarget, starting: Promise<T>): Promise<T> {
  try {
    return await starting
  } catch (error) {
    throw error instanceof TransportError ? await unreachable(target, error) : error
  }
}

function connectionOptions(target: TemporalTarget): {
  address: string
  tls?: Exclude<TemporalTarget['tls'], undefined>
  apiKey?: string
  metadata?: Exclude<TemporalTarget['metadata'], undefined>
} {
  return {
    address: target.address,
    ...(target.tls === undefined ? {} : { tls: target.tls }),
    ...(target.apiKey === undefined ? {} : { apiKey: target.apiKey }),
    ...(target.metadata === undefined ? {} : { metadata: target.metadata }),
  }
}

function refusePlaintext(target: TemporalTarget, options: ConnectOptions): void {
  const isEncrypted = target.tls !== undefined && target.tls !== null && target.tls !== false
  if (isEncrypted || options.allowPlaintext === true || isLoopbackAddress(target.address)) return
  throw new PlaintextTemporalError(
    `TEMPORAL_ADDRESS=${target.address} is not on this machine, and without TLS every prompt would travel readable. ` +
      'Set TEMPORAL_TLS=true or TEMPORAL_API_KEY, or allow plain text inside a private network with DARKROOM_TEMPORAL_PLAINTEXT=true.',
  )
}

/** True for `localhost`, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopbackAddress(address: string): boolean {
  const { host } = splitAddress(address)
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback'
}

/** `host:port`, `[v6]:port`, `host` (then Temporal's own default port). */
function splitAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]*))(?::(?<port>\d+))?$/.exec(address)
  const defaultPort = 7233
  if (match?.groups === undefined) return { host: address, port: defaultPort }
  const { v6, host, port } = match.groups
  return { host: v6 ?? host ?? '', port: port === undefined ? defaultPort : Number(port) }
}

async function unreachable(target: TemporalTarget, error: unknown): Promise<TemporalUnreachableError> {
  const { address, namespace } = target
  const code = grpcStatus(error)
  if (code === grpcNotFound) {
    return new TemporalUnreachableError(
      `Temporal at ${address} has no namespace "${namespace}". Set TEMPORAL_NAMESPACE, or create it: temporal operator namespace create -n ${namespace}`,
      { cause: error },
    )
  }
  if (code === grpcUnauthenticated) {
    return new TemporalUnreachableError(
      `Temporal at ${address} does not accept our credentials. Check TEMPORAL_API_KEY and TEMPORAL_TLS_*.`,
      {
        cause: error,
      },
    )
  }
  return new TemporalUnreachableError(
    `Temporal is not reachable at TEMPORAL_ADDRESS=${address} (${await whyUnreachable(address, error)}). ` +
      'Start it, set TEMPORAL_ADDRESS to where it runs, or unset it to use the embedded server (`darkroom dev`).',
    { cause: error },
  )
}

/** gRPC says "deadline" for a refused port and an unknown host alike: a bare socket knows better. */
async function whyUnreachable(address: string, error: unknown): Promise<string> {
  const { host, port } = splitAddress(address)
  const socketError = await probe(host, port, 500)
  if (socketError === null) return `something listens there, but does not answer as Temporal: ${oneLine(error, 100)}`
  const words: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the name cannot be looked up',
    ETIMEDOUT: 'no answer',
    EHOSTUNREACH: 'no route to that host',
    ENETUNREACH: 'no route to that network',
  }
  return words[errorCode(socketError) ?? ''] ?? oneLine(socketError, 100)
}
