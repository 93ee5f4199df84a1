// The catalogue is data: these checks are what a person who adds a model relies on.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { modelSchema } from '../../../src/catalog/model-schema.ts'
import type { Model, NativeField, NativeModel } from '../../../src/catalog/model-schema.ts'
import { findModel, models, nativesOf, providerNames } from '../../../src/catalog/models.ts'
import { choicesOf } from '../../../src/catalog/native-input.ts'
import { validateNativeInput } from '../../../src/catalog/native-schema.ts'

interface Entry {
  label: string
  model: Model
  native: NativeModel
}

const entries: Entry[] = models.flatMap((model) =>
  providerNames.flatMap((provider) =>
    nativesOf(model, provider).map((native) => ({ label: `${provider} ${native.api} ${native.model ?? '-'}`, model, native })),
  ),
)

function fieldOf(entry: Entry, name: string): NativeField {
  const field = entry.native.fields[name]
  assert.ok(field !== undefined, `${entry.label}: ${name} is used but not among its fields`)
  return field
}

test('every model of the first catalogue is there under its name', () => {
  assert.deepEqual(
    models.map((model) => model.name),
    [
      'nano-banana',
      'nano-banana-pro',
      'grok-imagine',
      'gpt-image-1',
      'gpt-image-1.5',
      'gpt-image-2',
      'flux-kontext-pro',
      'flux-kontext-max',
      'midjourney',
    ],
  )
})

for (const model of models) {
  test(`the entry of ${model.name} has the shape of a model`, () => {
    assert.deepEqual(modelSchema.parse(model), model)
  })
}

test('a name or alias means exactly one model', () => {
  const seen = new Map<string, string>()
  for (const model of models) {
    for (const name of [model.name, ...model.aliases]) {
      assert.equal(seen.get(name), undefined, `${name} means both ${seen.get(name) ?? ''} and ${model.name}`)
      seen.set(name, model.name)
      assert.equal(findModel(` ${name.toUpperCase()} `)?.name, model.name)
    }
  }
})

test('no two entries of one provider are the same native model', () => {
  const labels = entries.map((entry) => entry.label)
  assert.deepEqual([...new Set(labels)], labels)
})

test('parameters go into fields that exist, with values that these fields allow', () => {
  for (const entry of entries) {
    const { parameters } = entry.native
    for (const parameter of Object.values(parameters)) {
      if (parameter !== undefined && 'field' in parameter) fieldOf(entry, parameter.field)
    }
    for (const name of ['aspectRatio', 'resolution', 'outputFormat'] as const) {
      const parameter = parameters[name]
      if (parameter === undefined || !('field' in parameter)) continue
      const field = fieldOf(entry, parameter.field)
      assert.equal(field.type, 'string', `${entry.label}: ${parameter.field}`)
      const choices = choicesOf(entry.native, name)
      assert.ok(choices.size > 0, `${entry.label}: ${name} has no values`)
      for (const theirs of choices.values())
        assert.ok(field.values?.includes(theirs) === true, `${entry.label}: ${parameter.field} has no value ${theirs}`)
    }
    for (const name of ['png', 'jpeg'] as const) {
      if (parameters.outputFormat !== undefined)
        assert.ok(choicesOf(entry.native, 'outputFormat').has(name), `${entry.label}: ${name}`)
    }
  }
})

test('sizes are values of the field that carries the aspect ratio', () => {
  let sizes = 0
  for (const entry of entries) {
    const { resolution, aspectRatio } = entry.native.parameters
    if (resolution === undefined || !('sizes' in resolution)) continue
    assert.ok(aspectRatio !== undefined && 'field' in aspectRatio, entry.label)
    const field = fieldOf(entry, aspectRatio.field)
    for (const bySize of Object.values(resolution.sizes)) {
      for (const [ratio, size] of Object.entries(bySize)) {
        sizes += 1
        assert.ok(choicesOf(entry.native, 'aspectRatio').has(ratio), `${entry.label}: ${ratio}`)
        assert.ok(field.type === 'string' && field.values?.includes(size) === true, `${entry.label}: ${size}`)
        const [width, height] = size.split('x').map(Number)
        const [across, down] = ratio.split(':').map(Number)
        const factor = ((width ?? 0) / (height ?? 1)) * ((down ?? 0) / (across ?? 1))
        assert.ok(Math.abs(factor - 1) < 0.01, `${entry.label}: ${size} is not ${ratio}`)
      }
    }
  }
  assert.ok(sizes > 0)
})

test('prices are given for every value of the field that they depend on', () => {
  for (const entry of entries) {
    const amount = entry.native.price?.amount
    if (amount === undefined || typeof amount === 'number') continue
    const field = fieldOf(entry, amount.field)
    const values = field.type === 'boolean' ? ['true', 'false'] : field.type === 'string' ? (field.values ?? []) : []
    assert.deepEqual(Object.keys(amount.amounts).toSorted(), values.toSorted(), entry.label)
    assert.ok(values.includes(amount.whenUnset), entry.label)
  }
})

test('a required field is either mapped or sent', () => {
  for (const entry of entries) {
    const { prompt, referenceImages, ...optional } = entry.native.parameters
    const always = [prompt.field, referenceImages?.field]
    for (const [name, field] of Object.entries(entry.native.fields)) {
      if (field.required !== true || always.includes(name)) continue
      assert.notEqual(field.send, undefined, `${entry.label}: ${name} is required, and a request that says nothing leaves it out`)
      assert.ok(Object.keys(optional).length > 0)
    }
  }
})

test('a refused combination can be settled by giving up resolution', () => {
  for (const entry of entries) {
    const resolution = entry.native.parameters.resolution
    for (const rule of entry.native.refuses ?? []) {
      assert.ok(resolution !== undefined && 'field' in resolution && rule.when[resolution.field] !== undefined, entry.label)
      for (const name of Object.keys(rule.when)) fieldOf(entry, name)
    }
  }
})

test('facts of a provider are cited from a heading about that provider, and every heading is cited', async () => {
  const page = await readFile(new URL('../../../src/catalog/data/SOURCES.md', import.meta.url), 'utf8')
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => (heading ?? '').toLowerCase().replaceAll(' ', '-'))
  const cited = new Set<string>()
  for (const model of models) {
    for (const provider of providerNames) {
      const offer = model.providers[provider]
      const evidences =
        'absent' in offer
          ? [offer.evidence]
          : offer.natives.flatMap((native) => [
              ...Object.values(native.evidence),
              ...Object.values(native.fields).map((field) => field.evidence ?? null),
            ])
      for (const evidence of evidences) {
        if (evidence === null) continue
        assert.ok(evidence.source.startsWith(`src/catalog/data/SOURCES.md#${provider}-`), `${model.name}: ${evidence.source}`)
        cited.add(evidence.source.split('#')[1] ?? '')
      }
    }
  }
  assert.deepEqual([...cited].toSorted(), anchors.toSorted())
})

test('a DefAPI image price is nowhere published, so none is given', () => {
  for (const model of models) {
    for (const native of nativesOf(model, 'defapi')) assert.equal(native.price, null)
  }
})

test('a body of a model that a provider does not have is refused', () => {
  assert.deepEqual(validateNativeInput('defapi', 'image', 'google/nano-banana-9', { prompt: 'x' }), [
    { field: 'model', message: 'defapi has no model google/nano-banana-9 on image' },
  ])
})

test('a body with a field that is not documented is refused by the strict check', () => {
  assert.deepEqual(validateNativeInput('kie', 'market', 'google/nano-banana', { prompt: 'x', image_urls: [] }), [
    { field: 'image_urls', message: 'is not documented' },
  ])
})
