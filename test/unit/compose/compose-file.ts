// docker-compose.yml as the tests read it. The schema is the part of the Compose specification that the file uses, strict: a key that is
// not listed here is a mistake or needs a look at the specification.
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'

export const repositoryFolder = new URL('../../../', import.meta.url)
export const composeText = await readFile(new URL('docker-compose.yml', repositoryFolder), 'utf8')

const duration = z.string().regex(/^\d+(ms|s|m|h)$/)
const environment = z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string())

const serviceSchema = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile_inline: z.string() }).optional(),
  restart: z.string().regex(/^(no|always|unless-stopped|on-failure(:\d+)?)$/),
  security_opt: z.array(z.string()),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  env_file: z.string().optional(),
  environment: environment.optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  pids_limit: z.int().optional(),
  mem_limit: z
    .string()
    .regex(/^\d+[kmg]$/)
    .optional(),
  volumes: z.array(z.string().regex(/^[a-z]+:\/[a-z/]+$/)).optional(),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string().startsWith('/') })).optional(),
  networks: z.array(z.string()),
  ports: z.array(z.string()).optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']) }),
    )
    .optional(),
  stop_grace_period: duration.optional(),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()).min(2),
      interval: duration,
      timeout: duration,
      retries: z.int(),
      start_period: duration.optional(),
    })
    .optional(),
})
export type Service = z.infer<typeof serviceSchema>

/** Anchors live under `x-` keys, which Compose ignores. */
export const composeSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  'x-hardened': z.unknown(),
  'x-darkroom': z.unknown(),
  'x-darkroom-environment': z.unknown(),
  services: z.record(z.string().regex(/^[a-z0-9-]+$/), serviceSchema),
  configs: z.record(z.string(), z.strictObject({ content: z.string() })),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.strictObject({})),
})

export const parsedCompose: unknown = parse(composeText, { merge: true })

/** What Compose makes of `$$`, `${NAME}` and `${NAME:?message}`; throws where a needed variable is missing. */
export function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:(\$)|\{([A-Z_]+)(?::\?([^}]*))?\}|)/g, (_, dollar?: string, name?: string, message?: string) => {
    if (dollar !== undefined) return '$'
    if (name === undefined) throw new Error(`a lone $ in ${JSON.stringify(text)}`)
    const value = env[name] ?? ''
    if (value === '' && message !== undefined) throw new Error(`${name}: ${message}`)
    return value
  })
}
