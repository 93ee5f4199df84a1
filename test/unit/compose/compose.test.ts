// docker-compose.yml can be started only where there is a container engine. What can be checked without one is checked here.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile, access } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { readConfig } from '../../../src/config/config.ts'
import { mainTaskQueue } from '../../../src/contract/index.ts'
import { composeSchema, composeText, interpolate, parsedCompose, repositoryFolder } from './compose-file.ts'
import type { Service } from './compose-file.ts'

const compose = composeSchema.parse(parsedCompose)
const services = Object.entries(compose.services)
const ours = ['gateway', 'worker']

function service(name: string): Service {
  const found = compose.services[name]
  assert.ok(found !== undefined, `no service ${name}`)
  return found
}

const isOneShot = ({ restart }: Service): boolean => restart.startsWith('on-failure')
const outsideEnv = { POSTGRES_PASSWORD: 'c0ffee', DARKROOM_CALLBACK_SECRET: 'a'.repeat(64) }

test('the services of the production shape are there', () => {
  assert.deepEqual(Object.keys(compose.services), [
    'postgresql',
    'temporal-schema',
    'temporal',
    'temporal-namespace',
    'temporal-ui',
    'gateway',
    'worker',
  ])
})

test('a key that Compose does not know is found', () => {
  const broken = structuredClone(compose)
  Object.assign(broken.services['worker'] ?? {}, { cap_dorp: ['ALL'] })
  assert.ok(!composeSchema.safeParse(broken).success)
})

test('whoever is waited for exists, and can become what is waited for', () => {
  let waits = 0
  for (const [name, { depends_on: dependencies }] of services) {
    for (const [other, { condition }] of Object.entries(dependencies ?? {})) {
      waits += 1
      const target = service(other)
      if (condition === 'service_healthy')
        assert.ok(target.healthcheck !== undefined, `${name} waits for ${other}, which has no healthcheck`)
      if (condition === 'service_completed_successfully')
        assert.ok(isOneShot(target), `${name} waits for the end of ${other}, which runs on`)
      else assert.ok(!isOneShot(target), `${name} waits for ${other} to run on, which ends`)
    }
  }
  assert.ok(waits >= 8)
})

test('nobody waits for itself, however far round', () => {
  const startsAfter = (name: string, seen: readonly string[]): void => {
    assert.ok(!seen.includes(name), [...seen, name].join(' → '))
    for (const other of Object.keys(service(name).depends_on ?? {})) startsAfter(other, [...seen, name])
  }
  for (const [name] of services) startsAfter(name, [])
})

test('what keeps running has a healthcheck, but for the UI, which nobody waits for', () => {
  const without = services.filter(([, entry]) => !isOneShot(entry) && entry.healthcheck === undefined).map(([name]) => name)
  assert.deepEqual(without, ['temporal-ui'])
})

test('networks, volumes and configs that are used are declared, and none is declared for nothing', () => {
  const used = (pick: (entry: Service) => string[]): string[] =>
    [...new Set(services.flatMap(([, entry]) => pick(entry)))].toSorted()
  assert.deepEqual(
    used((entry) => entry.networks),
    Object.keys(compose.networks).toSorted(),
  )
  assert.deepEqual(
    used((entry) => (entry.volumes ?? []).map((volume) => volume.split(':')[0] ?? '')),
    Object.keys(compose.volumes).toSorted(),
  )
  assert.deepEqual(
    used((entry) => (entry.configs ?? []).map(({ source }) => source)),
    Object.keys(compose.configs).toSorted(),
  )
})

test('images are pinned, and the server, its tools and its schema are of one version', () => {
  const dockerfile = service('gateway').build?.dockerfile_inline ?? ''
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? '')
  assert.equal(bases.length, 2)
  for (const image of [...services.map(([, entry]) => entry.image), ...bases]) assert.match(image, /^[a-z/-]+:\d[\w.-]*$/, image)
  const version = (name: string): string | undefined => service(name).image.split(':')[1]
  assert.equal(version('temporal'), version('temporal-schema'))
  assert.equal(version('temporal'), version('temporal-namespace'))
})

test('no secret stands in the file, and the needed ones are asked for by name', () => {
  const needed = new Set<string>()
  for (const [name, { environment = {} }] of services) {
    for (const [variable, text] of Object.entries(environment)) {
      if (!/PASSWORD|PWD|SECRET|KEY|DATABASE_URL/.test(variable)) continue
      const [, asked, message] = /\$\{([A-Z_]+):\?([^}]+)\}/.exec(text) ?? []
      assert.ok(
        asked !== undefined && message?.includes(asked) === true,
        `${name}: ${variable} must come from the environment, with a message`,
      )
      needed.add(asked)
    }
  }
  assert.deepEqual([...needed].toSorted(), ['DARKROOM_CALLBACK_SECRET', 'POSTGRES_PASSWORD'])
  assert.throws(
    () => interpolate(composeText, { DARKROOM_CALLBACK_SECRET: 'x' }),
    /POSTGRES_PASSWORD: set POSTGRES_PASSWORD in \.env/,
  )
})

test('every variable that the file asks for is explained in .env.example', async () => {
  const example = await readFile(new URL('.env.example', repositoryFolder), 'utf8')
  const asked = [...composeText.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name ?? '')
  assert.ok(asked.length > 0)
  for (const name of asked) assert.match(example, new RegExp(`^# ${name}=`, 'm'))
})

for (const name of ours) {
  test(`the ${name} is configured by what darkroom reads, and by services that exist`, () => {
    const environment = Object.fromEntries(
      Object.entries(service(name).environment ?? {}).map(([variable, text]) => [variable, interpolate(text, outsideEnv)]),
    )
    const reading = readConfig(environment)
    assert.ok(reading.ok, JSON.stringify(reading))
    const { config } = reading
    const database = new URL(config.databaseUrl?.reveal() ?? '')
    assert.equal(database.password, outsideEnv.POSTGRES_PASSWORD)
    const postgres = service(database.hostname).environment ?? {}
    assert.deepEqual([database.username, database.pathname.slice(1)], [postgres['POSTGRES_USER'], postgres['POSTGRES_DB']])
    assert.ok(service(environment['TEMPORAL_ADDRESS']?.split(':')[0] ?? '').image.startsWith('temporalio/server:'))
    assert.ok(config.temporalAddressSet && config.temporalPlaintext)
    assert.ok(
      (service(name).volumes ?? []).some((volume) => volume.endsWith(`:${config.dataFolder}`)),
      'pictures outlive the container',
    )
    assert.equal(config.callbackSecret?.reveal(), outsideEnv.DARKROOM_CALLBACK_SECRET)
  })

  test(`the ${name} runs with as few rights as it needs`, () => {
    const entry = service(name)
    assert.equal(entry.read_only, true)
    assert.deepEqual(entry.cap_drop, ['ALL'])
    assert.deepEqual(entry.security_opt, ['no-new-privileges:true'])
    assert.ok((entry.tmpfs ?? []).some((mount) => mount.startsWith('/tmp')))
    assert.equal(entry.env_file, '.env')
    const heapMiB = Number(/--max-old-space-size=(\d+)/.exec(entry.environment?.['NODE_OPTIONS'] ?? '')?.[1])
    assert.equal(entry.mem_limit, '1g')
    assert.ok(heapMiB > 0 && heapMiB < 1024, 'the heap must fit into the memory limit')
  })

  test(`the ${name} starts node itself with its own command`, () => {
    assert.deepEqual(service(name).command, ['node', 'dist/cli/main.js', name])
  })
}

test('gateway and worker run the same image with the same values', () => {
  const [gateway, worker] = [service('gateway'), service('worker')]
  assert.deepEqual([gateway.image, gateway.build, gateway.environment], [worker.image, worker.build, worker.environment])
})

test('only loopback ports are published, and the inner network has no way out', () => {
  const published = services.flatMap(([, entry]) => entry.ports ?? [])
  assert.deepEqual(published, ['127.0.0.1:8233:8080', '127.0.0.1:8080:8080'])
  assert.equal(compose.networks['inside']?.internal, true)
  for (const name of ['postgresql', 'temporal']) assert.deepEqual(service(name).networks, ['inside'])
})

test('the image is built from files that exist, in two stages, and runs as nobody special', async () => {
  const dockerfile = interpolate(service('gateway').build?.dockerfile_inline ?? '', {})
  const [build, run] = dockerfile.split(/^(?=FROM )/m)
  assert.ok(build !== undefined && run !== undefined)
  const sources = [...build.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, paths]) => (paths ?? '').split(' '))
  assert.ok(sources.includes('src') && sources.includes('package-lock.json'))
  for (const path of sources) await access(new URL(path, repositoryFolder))
  assert.ok(!sources.includes('.') && !sources.includes('.env'), 'the whole folder would carry secrets into the image')
  for (const [line] of run.matchAll(/^COPY .*$/gm)) assert.match(line, /^COPY --from=build \/app\//)
  assert.match(run, /apt-get install -y --no-install-recommends ca-certificates/)
  assert.match(run, /^USER node$/m)
  assert.ok(run.indexOf('USER node') > run.lastIndexOf('RUN '), 'nothing is built as the user that runs')

  const packageJson = z
    .object({ bin: z.object({ darkroom: z.string() }), scripts: z.object({ build: z.string() }) })
    .parse(JSON.parse(await readFile(new URL('package.json', repositoryFolder), 'utf8')))
  const command = z.array(z.string()).parse(JSON.parse(/^CMD (.+)$/m.exec(run)?.[1] ?? ''))
  assert.deepEqual(command, ['node', packageJson.bin.darkroom, 'gateway'])
  for (const path of packageJson.scripts.build.match(/\S+\.json/g) ?? [])
    assert.ok(sources.includes(path), `${path} is needed to build`)
})

test("the worker's healthcheck asks about the task queue that workers poll", () => {
  assert.ok((service('worker').healthcheck?.test ?? []).join(' ').includes(`taskQueue: { name: '${mainTaskQueue}' }`))
})

test("the gateway's healthcheck asks the port on which the gateway listens", () => {
  const { environment, healthcheck } = service('gateway')
  const port = environment?.['DARKROOM_HTTP_PORT'] ?? ''
  assert.ok((healthcheck?.test ?? []).join(' ').includes(`http://127.0.0.1:${port}/readyz`))
})

test('docker compose accepts the file', async (t) => {
  if (spawnSync('docker', ['compose', 'version']).status !== 0) return t.skip('docker compose is not installed on this machine')
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-compose-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(
    join(folder, '.env'),
    Object.entries(outsideEnv)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  const composePath = fileURLToPath(new URL('docker-compose.yml', repositoryFolder))
  await writeFile(join(folder, 'docker-compose.yml'), await readFile(composePath))
  const checked = spawnSync('docker', ['compose', 'config', '--quiet'], { cwd: folder, encoding: 'utf8' })
  assert.equal(checked.status, 0, checked.stderr)
  return undefined
})
