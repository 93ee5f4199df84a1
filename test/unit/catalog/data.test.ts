// The catalogue is data: these checks are what a person who adds a model relies on.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { modelSchema } from '../../../src/catalog/model-schema.ts'
import type { Model, NativeField, NativeModel } from '../../../src/catalog/model-schema.ts'
import { documentedNativesOf, findModel, kindsOf, models, providerNames } from '../../../src/catalog/models.ts'
import { carriersOf, choiceNames, choicesOf, parameterNames } from '../../../src/catalog/native-draft.ts'
import { checkKnownFields, validateNativeInput } from '../../../src/catalog/native-schema.ts'
import { documentedMarketModels, type DocumentedField } from './documented-market-models.ts'

interface Entry {
  label: string
  model: Model
  native: NativeModel
}

const entries: Entry[] = models.flatMap((model) =>
  providerNames.flatMap((provider) =>
    documentedNativesOf(model, provider).map((native) => ({
      label: `${provider} ${native.api} ${native.model ?? '-'}`,
      model,
      native,
    })),
  ),
)

function fieldOf(entry: Entry, name: string): NativeField {
  const field = entry.native.fields[name]
  assert.ok(field !== undefined, `${entry.label}: ${name} is used but not among its fields`)
  return field
}

const typeNames: Readonly<Record<DocumentedField['type'], string>> = {
  string: 'text',
  'string (uri)': 'text',
  'string[] (uri)': 'urls',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  'integer[]': 'list',
  'array[]': 'list',
  'object[]': 'list',
}

/** A field of the catalogue in the words of the documentation. An address is a string there, and often not marked as more. */
function factsOf(field: NativeField): { type: string; values: string[]; others: Record<string, unknown>; hasNote: boolean } {
  const { type, note } = field
  const values = 'values' in field ? (field.values ?? []) : []
  const untold = new Set(['type', 'note', 'evidence', 'send', 'callerGives', 'values', 'pattern', 'maxSizeBytes', 'of'])
  const others = Object.fromEntries(Object.entries(field).filter(([fact]) => !untold.has(fact)))
  return { type: type === 'string' || type === 'url' ? 'text' : type, values, others, hasNote: note !== undefined }
}

test('every model of the two contracts is there: 52 in the market of Kie, 4o and Kontext, twelve at DefAPI', () => {
  const atKie = new Set(entries.filter(({ label }) => label.startsWith('kie market ')).map(({ native }) => native.model ?? ''))
  assert.deepEqual([...atKie].toSorted(), Object.keys(documentedMarketModels).toSorted())
  const elsewhere = entries.filter(({ label }) => !label.startsWith('kie market ')).map(({ label }) => label)
  assert.deepEqual(elsewhere.toSorted(), [
    'defapi gpt-image openai/gpt-image-1.5',
    'defapi gpt-image openai/gpt-image-2',
    'defapi image google/gemini',
    'defapi image google/gemini-2.5-flash-image',
    'defapi image google/gemini-3.1-flash-image-preview',
    'defapi image google/gempix2',
    'defapi image google/nano-banana',
    'defapi image google/nano-banana-2',
    'defapi image google/nano-banana-pro',
    'defapi midjourney -',
    'defapi midjourney-edits -',
    'defapi wan wan-2.7-image',
    'kie gpt4o -',
    'kie kontext flux-kontext-max',
    'kie kontext flux-kontext-pro',
  ])
})

for (const [name, documented] of Object.entries(documentedMarketModels)) {
  test(`the fields of ${name} are those that Kie documents, and what it documents no limit for has a note`, () => {
    const [entry] = entries.filter(({ native }) => native.model === name)
    assert.ok(entry !== undefined)
    assert.deepEqual(Object.keys(entry.native.fields).toSorted(), Object.keys(documented).toSorted())
    for (const [field, facts] of Object.entries(documented)) {
      const ours = factsOf(fieldOf(entry, field))
      const { type, values, ...others } = facts
      assert.equal(ours.type, typeNames[type], field)
      assert.deepEqual(ours.values.toSorted(), (values ?? []).toSorted(), field)
      for (const [fact, value] of Object.entries(others)) {
        // An empty list as a default says no more than leaving it out.
        if (!Array.isArray(value)) assert.equal(ours.others[fact], value, `${field}: ${fact}`)
      }
      const added = Object.keys(ours.others).filter((fact) => !Object.hasOwn(others, fact))
      assert.ok(added.length === 0 || ours.hasNote, `${field} has ${added.join(', ')} which Kie's schema has not, and no note`)
    }
  })
}

test('a field that the price depends on is said in every body, or has a documented default that is the one reckoned with', () => {
  let count = 0
  for (const entry of entries) {
    const amount = entry.native.price?.amount
    if (typeof amount !== 'object' || !('field' in amount)) continue
    count += 1
    const field = fieldOf(entry, amount.field)
    const assumed = field.send ?? field.default
    assert.equal(String(assumed), amount.whenUnset, `${entry.label}: ${amount.field}`)
  }
  assert.ok(count > 15, `only ${count} prices depend on a field`)
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

test('no two entries of one provider are the same native model for the same kind of task', () => {
  const labels = entries.map((entry) => `${entry.label} ${entry.native.kinds.join(' ')}`)
  assert.deepEqual([...new Set(labels)], labels)
})

test('parameters go into fields that exist, with values that these fields allow', () => {
  for (const entry of entries) {
    const { parameters } = entry.native
    for (const parameter of parameterNames) {
      for (const carrier of carriersOf(entry.native, parameter)) fieldOf(entry, carrier)
    }
    for (const name of choiceNames) {
      const parameter = parameters[name]
      if (parameter === undefined || !('field' in parameter)) continue
      const field = fieldOf(entry, parameter.field)
      const allowed = field.type === 'boolean' ? ['true', 'false'] : field.type === 'string' ? field.values : undefined
      const choices = choicesOf(entry.native, name)
      assert.ok(choices.size > 0, `${entry.label}: ${name} has no values`)
      for (const theirs of choices.values())
        assert.ok(
          // Of one model only one value is known to be taken, not the list.
          allowed?.includes(theirs) === true || (allowed === undefined && theirs === 'high'),
          `${entry.label}: ${parameter.field} has no value ${theirs}`,
        )
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
    if (amount === undefined || typeof amount === 'number' || 'upTo' in amount) continue
    const field = fieldOf(entry, amount.field)
    const values = field.type === 'boolean' ? ['true', 'false'] : field.type === 'string' ? (field.values ?? []) : []
    assert.deepEqual(Object.keys(amount.amounts).toSorted(), values.toSorted(), entry.label)
    assert.ok(values.includes(amount.whenUnset), entry.label)
  }
})

test('a required field is either mapped or sent', () => {
  for (const entry of entries) {
    const always = (['prompt', 'referenceImages', 'mask'] as const).flatMap((name) => carriersOf(entry.native, name))
    for (const [name, field] of Object.entries(entry.native.fields)) {
      if (field.required !== true || always.includes(name) || field.callerGives === true) continue
      assert.notEqual(field.send, undefined, `${entry.label}: ${name} is required, and a request that says nothing leaves it out`)
    }
  }
})

test('what is documented as a default, and what is sent by default, is allowed by its own field', () => {
  for (const entry of entries) {
    for (const [name, field] of Object.entries(entry.native.fields)) {
      for (const value of [field.default, field.send]) {
        if (value === undefined) continue
        const wrong = checkKnownFields({ ...entry.native, fields: { [name]: field }, refuses: [] }, { [name]: value })
        assert.deepEqual(wrong, [], `${entry.label}: ${name} may not be ${String(value)}`)
      }
    }
  }
})

test('fields for pictures that our request fills say how many they take', () => {
  for (const entry of entries) {
    for (const carrier of carriersOf(entry.native, 'referenceImages')) {
      const field = fieldOf(entry, carrier)
      assert.ok(field.type === 'url' || (field.type === 'urls' && field.maxItems !== undefined), `${entry.label}: ${carrier}`)
    }
  }
})

test('limits in pixels are of the one field that takes reference images, and a mask is compared with the first of them', () => {
  let limited = 0
  for (const { label, native } of entries) {
    const references = carriersOf(native, 'referenceImages')
    for (const [name, field] of Object.entries(native.fields)) {
      if ((field.type !== 'url' && field.type !== 'urls') || field.pixels === undefined) continue
      limited += 1
      const { sameSizeAs, ...others } = field.pixels
      // `models show` has one line for all of them.
      if (Object.keys(others).length > 0) assert.deepEqual(references, [name], label)
      if (sameSizeAs !== undefined) assert.equal(sameSizeAs, references[0], label)
    }
  }
  assert.equal(limited, 5)
})

test('what a model is first of all for is something that it does', () => {
  for (const model of models) {
    const kinds = providerNames.flatMap((provider) => documentedNativesOf(model, provider)).flatMap((native) => native.kinds)
    assert.ok(kinds.length === 0 || kinds.includes(model.kind), model.name)
    assert.equal(new Set(kindsOf(model)).size, kindsOf(model).length)
  }
})

test('no price is negative, and a model that costs nothing is never asked for', () => {
  for (const { label, native } of entries) {
    const amount = native.price?.amount
    if (amount === 0) assert.notEqual(native.withheld, undefined, label)
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
    for (const native of documentedNativesOf(model, 'defapi')) assert.equal(native.price, null)
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
