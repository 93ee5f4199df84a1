// The four records that a run leaves, as plain data: what the caller was told, what our API says, Temporal's histories, the provider's books.
// The checker reads nothing else, so it can be shown made-up records.
import type { Generation } from '../../../src/contract/index.ts'
import type { LedgerEntry, RequestEntry } from '../../../src/simulator/ledger.ts'
import type { ClientEntry } from '../client.ts'
import type { ProcessExit } from '../kept-process.ts'
import type { PlannedGeneration } from '../plan.ts'

export interface SignalRecord {
  atMs: number
  attempt: number | null
  claimedTaskId: string | null
}

/** One workflow run, as far as the checker must know it. */
export interface HistoryRecord {
  workflowId: string
  runId: string
  type: string
  /** RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED … */
  status: string
  startedAtMs: number
  closedAtMs: number | null
  events: number
  sizeBytes: number
  /** causes of failed workflow tasks */
  failedWorkflowTasks: string[]
  timedOutTasks: number
  firedTimers: number
  signals: SignalRecord[]
  /** how often each activity type was scheduled */
  activities: Record<string, number>
}

/** A stored picture, fetched through our API, beside the one that the provider has under the id of the task that served. */
export interface PictureRecord {
  generationId: string
  index: number
  item: number
  attempt: number
  isSpare: boolean
  /** as the ledger has it */
  reportedSha256: string
  /** of the bytes that the gateway gave; null: it gave none */
  fetchedSha256: string | null
  /** the pictures that the provider shows for the attempt's task; empty: no such task */
  providerSha256: string[]
}

/** A place that was searched for secrets. */
export interface SearchRecord {
  where: string
  /** bytes searched, so that an empty search is seen */
  sizeBytes: number
  /** secrets found, by name */
  found: string[]
}

export interface ChaosRecords {
  plan: readonly PlannedGeneration[]
  client: readonly ClientEntry[]
  http: { byStatus: Record<string, number>; faults: readonly string[] }
  /** each accepted generation as the API shows it at the end */
  generations: readonly Generation[]
  /** ids that the list shows */
  listedIds: readonly string[]
  pictures: readonly PictureRecord[]
  histories: readonly HistoryRecord[]
  /** errors of replaying them */
  replay: { replayed: number; errors: readonly string[] }
  /** the provider's books */
  tasks: readonly LedgerEntry[]
  requests: readonly RequestEntry[]
  searches: readonly SearchRecord[]
  exits: readonly ProcessExit[]
  /** complaints in the logs of our processes: unhandled rejections, bugs met */
  complaints: readonly string[]
  /** what is left on the disk: temporary files, and pictures that no row names */
  left: { temporaryFiles: readonly string[]; unreferencedPictures: readonly string[]; storedPictures: number }
  /** every row that was planned, with how often it struck */
  rows: readonly { id: string; planned: number; fired: number }[]
  lastFaultAtMs: number
  endedAtMs: number
  limits: {
    generationDeadlineMs: number
    createsPerWindow: number | null
    windowMs: number
    maxInFlight: number | null
    /** a task that nobody has ended counts as at work for so long */
    leaseMs: number
  }
}

export type InvariantId = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12' | 'I13'

export interface Finding {
  id: InvariantId
  title: string
  /** how many things were looked at; 0 is no proof */
  checked: number
  breaches: string[]
  /** more numbers for the table */
  note: string
  /** why it was not checked at all; null: it was */
  notChecked: string | null
}

export type Check = (records: ChaosRecords, books: Books) => Finding

/** The provider's tasks by the generation that ordered them. */
export interface Books {
  tasksOf: (generation: Generation) => LedgerEntry[]
  plannedOf: (generation: Generation) => PlannedGeneration | null
  historyOf: (id: string) => HistoryRecord | null
  taskById: (provider: string, taskId: string) => LedgerEntry | null
}
