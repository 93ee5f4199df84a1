// Which generation meets which faults. Everything comes from the seed, so that a run can be planned again.
import { uploadName } from '../../src/catalog/upload-name.ts'
import type { GenerationRequest, RouteRequest } from '../../src/contract/index.ts'
import type { FaultRule } from '../../src/simulator/faults/rule.ts'
import type { Random } from '../../src/simulator/random.ts'
import { hexOf, pick, randomOf } from '../../src/simulator/random.ts'
import type { ChaosRow } from './rows.ts'
import { chaosRows, forcedFallback, knownBreaches } from './rows.ts'
import { ownPictures } from './uploads.ts'

export interface PlannedGeneration {
  index: number
  /** in the prompt, and by the prompt in the provider's books: tells whose task it is */
  nonce: string
  idempotencyKey: string
  request: GenerationRequest
  rows: string[]
  rules: FaultRule[]
  /** null: the caller does not cancel */
  cancelAfterMs: number | null
  postsTwice: boolean
  /** of the picture that it starts from, which the caller uploads first; null: none */
  uploadSha256: string | null
}

/** More than the tenth that is asked for, since a cancel or a killed process may keep one of them from getting there. */
const forcedShare = 0.13
/** Left in peace: what works without faults must work beside them. */
const cleanShare = 0.2
/** Ask for two or three pictures: their items meet the same faults side by side. */
const severalShare = 0.12
/** Start from a picture that was uploaded, which every provider that is asked must have been given (I5). */
const uploadShare = 0.1
/** Two rows at once. */
const doubleShare = 0.2

const known: readonly ChaosRow[] = [...chaosRows, ...knownBreaches, forcedFallback]

export const noncePattern = /chaos-\d{5}-[0-9a-f]{8}/

export function makePlan(options: { generations: number; seed: number; rows: readonly string[] | null }): PlannedGeneration[] {
  const { generations, seed } = options
  const random = randomOf(seed, 'plan')
  const chosen = options.rows === null ? null : options.rows.map((id) => known.find((row) => row.id === id)).filter(isRow)
  const rowsOf = chosen === null ? mixture(generations, random) : alternating(chosen)
  return Array.from({ length: generations }, (_, index) => planOne(seed, index, rowsOf(index)))
}

/** For rows that have not struck, each alone: further generations of the same plan. */
export function planAgain(seed: number, rows: readonly string[], firstIndex: number): PlannedGeneration[] {
  return rows.flatMap((id, at) => {
    const row = known.find((each) => each.id === id)
    return row === undefined ? [] : [planOne(seed, firstIndex + at, [row])]
  })
}

/** The nonce of a prompt; null: not one of ours. */
export function nonceOf(prompt: string): string | null {
  return noncePattern.exec(prompt)?.[0] ?? null
}

function mixture(generations: number, random: Random): (index: number) => ChaosRow[] {
  const forced = Math.ceil(generations * forcedShare)
  const clean = Math.floor(generations * cleanShare)
  const dealt: ChaosRow[][] = [
    ...Array.from({ length: forced }, () => [forcedFallback]),
    ...Array.from({ length: clean }, () => []),
  ]
  // Dealt like cards: each row once before any comes again.
  let deck: ChaosRow[] = []
  const draw = (): ChaosRow[] => {
    if (deck.length === 0) deck = shuffled(chaosRows, random)
    const card = deck.pop()
    return card === undefined ? [] : [card]
  }
  while (dealt.length < generations) dealt.push(random() < doubleShare ? withoutClash([...draw(), ...draw()]) : draw())
  const order = shuffled(dealt, random)
  return (index) => order[index] ?? []
}

function alternating(rows: readonly ChaosRow[]): (index: number) => ChaosRow[] {
  return (index) => {
    const found = rows[index % Math.max(1, rows.length)]
    return found === undefined ? [] : [found]
  }
}

/** Two routes contradict each other; the second row then comes on its own another time. */
function withoutClash(rows: ChaosRow[]): ChaosRow[] {
  return rows.filter(({ route }) => route !== undefined).length > 1 ? rows.slice(0, 1) : rows
}

function planOne(seed: number, index: number, rows: readonly ChaosRow[]): PlannedGeneration {
  const random = randomOf(seed, 'generation', index)
  const nonce = `chaos-${String(index).padStart(5, '0')}-${hexOf(seed, 'nonce', index).slice(0, 8)}`
  const route = rows.reduce<RouteRequest>((sum, row) => ({ ...sum, ...row.route }), {})
  const subject = pick(random, ['a lighthouse in fog', 'a red bicycle', 'an owl at noon', 'two boats', 'rain over a city'])
  const uploadRandom = randomOf(seed, 'upload', index)
  const uploadSha256 =
    uploadRandom() < uploadShare ? (ownPictures[Math.floor(uploadRandom() * ownPictures.length)]?.sha256 ?? null) : null
  const isCancelled = rows.some(({ client }) => client === 'cancel')
  return {
    index,
    nonce,
    idempotencyKey: `${seed}-${index}`,
    request: {
      model: pick(random, ['nano-banana', 'nano-banana', 'nano-banana-pro']),
      prompt: `${subject}, ${nonce}`,
      ...(random() < 0.5 ? { aspectRatio: pick(random, ['1:1', '16:9', '3:4']) } : {}),
      ...(Object.keys(route).length === 0 ? {} : { route }),
      ...(random() < severalShare ? { count: pick(random, [2, 3]) } : {}),
      ...(uploadSha256 === null ? {} : { referenceImages: [uploadName(uploadSha256)] }),
      metadata: { nonce },
    },
    rows: rows.map(({ id }) => id),
    rules: rows.flatMap((row) =>
      row.rules.map((rule, number) => ({ ...rule, id: `${row.id}#${index}.${number}`, match: { promptIncludes: nonce } })),
    ),
    cancelAfterMs: isCancelled ? Math.floor(random() * 2_500) : null,
    postsTwice: rows.some(({ client }) => client === 'post twice'),
    uploadSha256,
  }
}

export function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((value) => ({ value, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value)
}

function isRow(row: ChaosRow | undefined): row is ChaosRow {
  return row !== undefined
}
