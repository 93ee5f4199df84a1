import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import type { Generation, PlanPreview } from '../../../src/contract/index.ts'
import type { Problem } from '../../../src/gateway/problem.ts'
import type { planPreviewSchema } from '../../../src/gateway/routes/preview-plan.ts'
import { generationListSchema, generationSchema, problemSchema } from '../../../src/gateway/schemas.ts'
import { goodRequest, startGateway, type TestGateway } from './start-gateway.ts'

// The compiler complains here when a schema and its type drift apart.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : { schema: A; type: B }) : { schema: A; type: B }
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T
const generationAgrees: Same<Plain<z.infer<typeof generationSchema>>, Plain<Generation>> = true
const planAgrees: Same<Plain<z.infer<typeof planPreviewSchema>>, Plain<PlanPreview>> = true
const problemAgrees: Same<keyof z.infer<typeof problemSchema>, keyof Problem> = true

interface Operation {
  operationId: string
  requestBody?: { content: Record<string, { schema: { properties: Record<string, unknown>; additionalProperties: unknown } }> }
  responses: Record<string, { content?: Record<string, unknown> }>
}

interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}

async function readDocument({ app }: TestGateway): Promise<Document> {
  return (await app.inject('/openapi.json')).json<Document>()
}

/** What the router really serves, from its own print: `├── /v1/generations (POST, GET, HEAD)` with children indented below. */
function servedOperations({ app }: TestGateway): string[] {
  const served: string[] = []
  const path: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent, segment, methods] = /^([│ ]*)[├└]── (\S*)(?: \((.*)\))?$/.exec(line) ?? []
    if (indent === undefined || segment === undefined) continue
    path.length = indent.length / 4
    path.push(segment)
    for (const method of methods?.split(', ') ?? []) served.push(`${method} ${path.join('')}`)
  }
  return served
}

test('schemas and types agree, which the compiler checks', () => {
  assert.deepEqual([generationAgrees, planAgrees, problemAgrees], [true, true, true])
})

test('every served route is in the document, and everything in the document is served', async (t) => {
  const gateway = await startGateway(t)
  const { paths } = await readDocument(gateway)
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )
  const served = servedOperations(gateway)
  assert.ok(served.length > 10)
  // HEAD goes with GET and is not written down twice
  const heads = served.filter((operation) => operation.startsWith('HEAD '))
  assert.deepEqual(served.filter((operation) => !operation.startsWith('HEAD ')).sort(), documented.sort())
  for (const head of heads) assert.ok(documented.includes(head.replace('HEAD', 'GET')), head)
})

test('every operation has a name of its own, and every reference leads somewhere', async (t) => {
  const gateway = await startGateway(t)
  const document = await readDocument(gateway)
  assert.equal(document.openapi, '3.1.0')
  const names = Object.values(document.paths).flatMap((operations) =>
    Object.values(operations).map(({ operationId }) => operationId),
  )
  assert.equal(new Set(names).size, names.length)
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name = '']) => name,
  )
  assert.ok(references.length > 5)
  assert.deepEqual([...new Set<string>(references)].sort(), Object.keys(document.components.schemas).sort())
})

test('the request is described field by field, and other fields are refused', async (t) => {
  const gateway = await startGateway(t)
  const { paths } = await readDocument(gateway)
  const schema = paths['/v1/generations']?.['post']?.requestBody?.content['application/json']?.schema
  assert.ok(schema)
  for (const field of ['model', 'prompt', 'referenceImages', 'route', 'metadata']) assert.ok(field in schema.properties, field)
  assert.equal(schema.additionalProperties, false)
})

test('answers are what the document says they are, field by field', async (t) => {
  const gateway = await startGateway(t)
  const created = await gateway.app.inject({ method: 'POST', url: '/v1/generations', payload: goodRequest })
  const { id } = created.json<Generation>()
  gateway.addImage(id)
  const read: unknown = (await gateway.app.inject(`/v1/generations/${id}`)).json()
  // parsing takes away what the schema does not know
  assert.deepEqual(generationSchema.parse(created.json()), created.json())
  assert.deepEqual(generationSchema.parse(read), read)
  const list: unknown = (await gateway.app.inject('/v1/generations')).json()
  assert.deepEqual(generationListSchema.parse(list), list)
  const refused = await gateway.app.inject({ method: 'POST', url: '/v1/generations', payload: {} })
  assert.deepEqual(problemSchema.parse(refused.json()), refused.json())
})

test('each status that is answered is in the document', async (t) => {
  const gateway = await startGateway(t)
  const { paths } = await readDocument(gateway)
  const statusesOf = (method: string, path: string): string[] => Object.keys(paths[path]?.[method]?.responses ?? {})
  for (const [method, path, statuses] of [
    ['post', '/v1/generations', ['200', '202', '400', '402', '413', '415', '422', '503']],
    ['post', '/v1/plans', ['200', '400', '413', '415', '422', '503']],
    ['put', '/v1/budgets/{tenant}/{period}', ['200', '400', '413', '415', '503']],
    ['delete', '/v1/budgets/{tenant}/{period}', ['204', '400', '404', '503']],
    ['post', '/v1/providers/{provider}/pause', ['200', '400', '404', '413', '415', '503']],
    ['post', '/v1/callbacks/{provider}/{token}', ['200', '400', '401', '404', '413', '415', '429', '503']],
    ['post', '/v1/generations/{id}/cancel', ['200', '202', '400', '404', '409', '413', '415', '422', '503']],
    ['get', '/v1/generations/{id}/images/{n}', ['200', '304', '404', '503']],
    ['post', '/v1/uploads', ['200', '201', '400', '413', '415', '422', '429', '503']],
    ['get', '/v1/uploads/{sha256}', ['200', '404', '503']],
    ['get', '/v1/uploads/{sha256}/{token}', ['200', '404', '503']],
  ] as const) {
    assert.deepEqual(statusesOf(method, path).sort(), [...statuses].sort(), path)
  }
})
