// A worker that starts while its server goes away. Slow: the SDK itself tries again for some seconds before it says so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from '@temporalio/worker'
import { orUnreachable, plainTarget, TemporalUnreachableError } from '../../../src/temporal/connect.ts'
import { testTemporal } from '../../helpers/temporal.ts'

test(
  'a server that goes away between the connection and the first worker is an unreachable one',
  { timeout: 240_000 },
  async (t) => {
    const temporal = await testTemporal(t)
    const connection = await temporal.connectWorker()
    await temporal.server.stop()
    const creating = Worker.create({
      connection,
      namespace: 'default',
      taskQueue: 'nobody',
      activities: { none: async () => {} },
    })
    await assert.rejects(orUnreachable(plainTarget(temporal.address, 'default'), creating), (error) => {
      assert.ok(error instanceof TemporalUnreachableError, String(error))
      assert.match(error.message, /not reachable at TEMPORAL_ADDRESS=127\.0\.0\.1:\d+ \(nothing listens there\)/)
      return true
    })
    await assert.rejects(orUnreachable(plainTarget(temporal.address, 'default'), Promise.reject(new Error('else'))), {
      message: 'else',
    })
  },
)
