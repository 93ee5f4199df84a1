import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProviderName as ContractProviderName, RefusalReason } from '../../../src/contract/words.ts'
import type { ProviderName, ProviderReason } from '../../../src/providers/provider.ts'

type Same<Left, Right> = [Left] extends [Right] ? ([Right] extends [Left] ? true : false) : false

// These three lines are the test: they do not compile when the words differ.
const namesAreTheSame: Same<ProviderName, ContractProviderName> = true
const everyProviderReasonIsARefusalReason: Same<ProviderReason, Extract<RefusalReason, ProviderReason>> = true
const theRestIsOurs: Same<
  Exclude<RefusalReason, ProviderReason>,
  'ledger_unavailable' | 'deadline' | 'withdrawn' | 'busy' | 'paused' | 'upload_gone'
> = true

test('providers speak of reasons in the words of the contract', () => {
  assert.deepEqual([namesAreTheSame, everyProviderReasonIsARefusalReason, theRestIsOurs], [true, true, true])
})
