// What became of attempts that were left open: one verdict each, its cost, and the budget told. Each call is one transaction.
import { costOf, databaseClock } from './attempt-rows.ts'
import { bookSpending } from './budget-usage.ts'
import type { LedgerTransaction, Run } from './database.ts'
import { addExtraTask, readExtraTasks, settleExtraTask } from './extra-tasks.ts'
import { hasImagesOf, insertImages } from './image-rows.ts'
import type { AttemptRef, AttemptRow, UnnumberedImage } from './ledger.ts'
import { lockGeneration } from './lock-generation.ts'
import { mustSelectAttempt, tryMove } from './move-attempt.ts'
import { dismissClaim, openClaims } from './open-claims.ts'
import { orderVerdicts } from './order-verdicts.ts'
import { listOwing, owingOf } from './owing.ts'
import { releasePermit } from './permits.ts'
import { compareBalances, listOpenGenerations } from './reconciliation.ts'
import type { SettlementFinding, SettlementPort } from './settlement-port.ts'
import { toText } from './storable-text.ts'

export function settlementMethods(run: Run): SettlementPort {
  return {
    settleAttempt: (ref, finding) => run((trx) => settleAttempt(trx, ref, finding)),
    addExtraTask: (ref, providerTaskId) => run((trx) => addExtraTask(trx, ref, providerTaskId)),
    settleExtraTask: (ref, providerTaskId, finding) => run((trx) => settleExtraTask(trx, ref, providerTaskId, finding)),
    readExtraTasks: (ref) => run((trx) => readExtraTasks(trx, ref)),
    openClaims: (ref) => run((trx) => openClaims(trx, ref)),
    dismissClaim: (ref, claimedTaskId, why) => run((trx) => dismissClaim(trx, ref, toText(claimedTaskId), toText(why))),
    owingOf: (generationId) => run((trx) => owingOf(trx, generationId)),
    listOwing: (filter) => run((trx) => listOwing(trx, filter)),
    addSpares: (ref, images) => run((trx) => addSpares(trx, ref, images)),
    listOpenGenerations: (filter) => run((trx) => listOpenGenerations(trx, filter)),
    compareBalances: (filter) => run((trx) => compareBalances(trx, filter), { snapshot: true }),
  }
}

async function settleAttempt(trx: LedgerTransaction, ref: AttemptRef, finding: SettlementFinding): Promise<AttemptRow> {
  await lockGeneration(trx, ref.generationId)
  const settled = await tryMove(trx, ref, 'settle', {
    verdict: finding.found,
    settled_at: databaseClock,
    ...(finding.message === null ? {} : { message: toText(finding.message) }),
    ...costOf({ cost: finding.cost, provenFree: finding.found === 'failed_free' }),
  })
  if (settled !== null) {
    await releasePermit(trx, ref)
    await orderVerdicts(trx, ref)
    await bookSpending(trx, ref.generationId)
  }
  return mustSelectAttempt(trx, ref)
}

async function addSpares(trx: LedgerTransaction, ref: AttemptRef, images: UnnumberedImage[]): Promise<void> {
  const { isOpen } = await lockGeneration(trx, ref.generationId)
  if (isOpen) throw new Error(`ledger: generation ${ref.generationId} is still open, so nothing in it is a spare`)
  if (await hasImagesOf(trx, ref)) return
  await insertImages(trx, ref.generationId, images, { spare: true })
}
