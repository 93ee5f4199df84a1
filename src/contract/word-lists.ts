// The closed lists of words as values, for schemas, statements and tables. What each word means stands in `words.ts`. The compiler holds
// the two together: a word that is missing here, or is no word, does not compile.
import type {
  AttemptOutcome,
  AttemptState,
  BudgetPeriod,
  CostSource,
  FailureType,
  FidelityLevel,
  GenerationStatus,
  PauseAuthor,
  ProviderName,
  RefusalReason,
  SettlementVerdict,
  SpendMode,
} from './words.ts'

/** Gives the list back as it is; it must have every word. */
const listOf =
  <Word extends string>() =>
  <const List extends readonly Word[]>(list: List & Complete<Exclude<Word, List[number]>>): List =>
    list

type Complete<Missing> = [Missing] extends [never] ? unknown : { missing: Missing }

export const providerNames = listOf<ProviderName>()(['kie', 'defapi'])

export const generationStatuses = listOf<GenerationStatus>()([
  'planning',
  'queued',
  'submitting',
  'waiting',
  'listening',
  'storing',
  'completed',
  'failed',
  'cancelled',
])

/** In the order of a life. */
export const attemptStates = listOf<AttemptState>()([
  'claimed',
  'sending',
  'accepted',
  'unknown',
  'succeeded',
  'failed',
  'abandoned',
  'rejected',
  'withdrawn',
  'settled',
])

export const attemptOutcomes = listOf<AttemptOutcome>()([
  'succeeded',
  'failed',
  'rejected',
  'exhausted',
  'unknown',
  'overdue',
  'cancelled',
])

export const settlementVerdicts = listOf<SettlementVerdict>()(['paid', 'failed_free', 'confirmed_extra', 'unresolved'])

export const refusalReasons = listOf<RefusalReason>()([
  'content_policy',
  'invalid_input',
  'source_image',
  'upload_gone',
  'auth',
  'no_credits',
  'quota',
  'model_unavailable',
  'rate_limited',
  'maintenance',
  'queue_full',
  'unreachable',
  'provider_fault',
  'empty_result',
  'no_answer',
  'ledger_unavailable',
  'deadline',
  'withdrawn',
  'busy',
  'paused',
])

export const fidelityLevels = listOf<FidelityLevel>()(['exact', 'adapted', 'degraded'])

export const costSources = listOf<CostSource>()(['measured', 'estimated', 'none'])

export const spendModes = listOf<SpendMode>()(['mock', 'live'])

export const failureTypes = listOf<FailureType>()([
  'InvalidRequest',
  'RequestConflict',
  'NoProvider',
  'ContentRefused',
  'InputRefused',
  'ProvidersExhausted',
  'UnknownOutcome',
  'PaidAttemptsExhausted',
  'BudgetExceeded',
  'CostLimitReached',
  'DeadlineExceeded',
  'ResultUnavailable',
  'TooFewPictures',
  'ServiceUnavailable',
])

export const budgetPeriods = listOf<BudgetPeriod>()(['hour', 'day', 'month'])

export const pauseAuthors = listOf<PauseAuthor>()(['operator', 'provider', 'breaker'])
