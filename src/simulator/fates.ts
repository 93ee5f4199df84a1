// What the faults on `task` make of a task.
import type { Strike } from './faults/board.ts'
import { type Fate, type Order, plainFate } from './tasks.ts'

export function fateOf(order: Order, strikes: readonly Strike[]): Fate {
  let fate = plainFate
  for (const { rule } of strikes) fate = { ...fate, ...change(order, fate, rule) }
  return fate
}

function change(order: Order, fate: Fate, rule: Strike['rule']): Partial<Fate> {
  switch (rule.fault) {
    case 'content_refusal':
      return refusal(order, rule)
    case 'task_failed':
      return failure(rule.code ?? 500, rule.message ?? 'internal error, please try again later.', rule)
    case 'generate_timeout':
      return failure(524, 'generate task timeout.', rule)
    case 'success_without_image':
      return { end: 'no_image', variety: rule.variety ?? 'list' }
    case 'text_only':
      return { end: 'text', text: rule.message ?? 'I can describe that scene, but I cannot draw it.' }
    case 'stuck':
      return { end: 'never' }
    case 'lost_task':
      return { end: 'lost' }
    case 'slow_task':
      return { extraMs: fate.extraMs + (rule.delayMs ?? 10_000) }
    case 'extra_images':
      return { extraImages: fate.extraImages + (rule.count ?? 1) }
    default:
      return {}
  }
}

/** kie: 451 for a picture that could not be fetched; the words of both are ours. */
export function withoutPictures(order: Order, fate: Fate): Fate {
  const code = order.provider === 'kie' ? 451 : 500
  const message = 'Failed to fetch the image. Kindly verify that it can be reached.'
  return { ...fate, end: 'failed', failure: { code, message, moderation: false }, refunded: true }
}

function failure(code: number, message: string, rule: Strike['rule'], moderation = false): Partial<Fate> {
  return { end: 'failed', failure: { code, message, moderation }, refunded: rule.refunded ?? true }
}

function refusal(order: Order, rule: Strike['rule']): Partial<Fate> {
  // defapi: the Google models refuse by an empty success that is charged; the others fail.
  if (order.provider === 'defapi' && order.api === 'image') return { end: 'no_image', variety: 'list' }
  return failure(
    rule.code ?? 400,
    rule.message ?? refusalMessages[order.api] ?? 'Your request was rejected by the safety system.',
    rule,
    true,
  )
}

/** The wording each API is documented or known to use. */
const refusalMessages: Record<string, string> = {
  market: 'your prompt was flagged by website as violating content policies.',
  gpt4o: 'Your content was flagged by OpenAI as violating content policies',
  kontext: 'Your prompt was flagged by Website as violating content policies.',
}
