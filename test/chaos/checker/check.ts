// All invariants, in order, over the records of one run. Pure: the same records give the same findings.
import { openBooks } from './books.ts'
import { checkCallbacks } from './callbacks.ts'
import { checkEnds, checkNothingLeft, checkOneEnd } from './ends.ts'
import { checkHealth, checkRows } from './health.ts'
import { checkHistorySize, checkLimits, checkTenants } from './limits.ts'
import { checkBooks, checkPaidOnce, summarise } from './money.ts'
import type { MoneySummary } from './money.ts'
import { checkPictures } from './pictures.ts'
import type { ChaosRecords, Check, Finding } from './records.ts'
import { checkSecrets } from './secrets.ts'

const checks: readonly Check[] = [
  checkEnds,
  checkOneEnd,
  checkPaidOnce,
  checkBooks,
  checkPictures,
  checkSecrets,
  checkTenants,
  checkLimits,
  checkHistorySize,
  checkNothingLeft,
  checkHealth,
  checkCallbacks,
  checkRows,
]

export interface Judgement {
  findings: Finding[]
  money: MoneySummary
  isGreen: boolean
}

export function judge(records: ChaosRecords): Judgement {
  const books = openBooks(records)
  const findings = checks.map((check) => check(records, books))
  const money = summarise(records, books)
  const isGreen = findings.every(({ breaches }) => breaches.length === 0) && money.duplicatesNotReported === 0 && money.lost === 0
  return { findings, money, isGreen }
}
