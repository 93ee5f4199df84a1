// GET /v1/budgets, PUT and DELETE /v1/budgets/{tenant}/{period}
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { tenantSchema } from '../../catalog/request-schema.ts'
import { budgetPeriods } from '../../contract/index.ts'
import type { Budget, BudgetKey } from '../../ledger/budgets-port.ts'
import { allTenants } from '../budget-problems.ts'
import type { RouteDeps } from '../gateway-deps.ts'
import { ProblemError } from '../problem.ts'
import { budgetAmountsSchema, json, problems } from '../schemas.ts'

const budgetSchema = budgetAmountsSchema.meta({ id: 'Budget' })
export type BudgetReport = z.infer<typeof budgetSchema>
export const budgetListSchema = z.object({ budgets: z.array(budgetSchema) })

const paramsSchema = z.object({
  tenant: tenantSchema.or(z.literal(allTenants)).describe('`*`: all tenants together'),
  period: z.enum(budgetPeriods).describe('begins anew at the full hour, at midnight UTC, on the first of the month UTC'),
})
/** A billion: what is more is a slip of the pen. */
const limitSchema = z.strictObject({
  limitUsd: z.number().min(0).max(1e9).describe('0: nothing may be spent'),
})

export function registerBudgets(app: FastifyInstance, { ledger, mode }: RouteDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  const keyOf = ({ tenant, period }: z.infer<typeof paramsSchema>): BudgetKey => ({
    mode,
    tenant: tenant === allTenants ? null : tenant,
    period,
  })
  typed.route({
    method: 'GET',
    url: '/v1/budgets',
    schema: {
      operationId: 'listBudgets',
      summary: 'The budgets, and what of them is left',
      response: { 200: json('All budgets', budgetListSchema), ...problems(503) },
    },
    handler: async () => ({ budgets: (await ledger.listBudgets(mode)).map(toAnswer) }),
  })
  typed.route({
    method: 'PUT',
    url: '/v1/budgets/:tenant/:period',
    schema: {
      operationId: 'setBudget',
      summary: 'Set a budget; what the running period has spent already counts',
      params: paramsSchema,
      body: limitSchema,
      response: { 200: json('The budget', budgetSchema), ...problems(400, 413, 415, 503) },
    },
    handler: async (request) => toAnswer(await ledger.setBudget(keyOf(request.params), request.body.limitUsd)),
  })
  typed.route({
    method: 'DELETE',
    url: '/v1/budgets/:tenant/:period',
    schema: {
      operationId: 'removeBudget',
      summary: 'Remove a budget',
      params: paramsSchema,
      response: { 204: z.null().describe('Removed'), ...problems(400, 404, 503) },
    },
    handler: async (request, reply) => {
      const wasThere = await ledger.removeBudget(keyOf(request.params))
      if (!wasThere) throw new ProblemError('not_found', 'There is no such budget.')
      return reply.code(204).send(null)
    },
  })
}

function toAnswer({ tenant, period, limitUsd, usedUsd, reservedUsd, resetsAt }: Budget): BudgetReport {
  return { tenant: tenant ?? allTenants, period, limitUsd, usedUsd, reservedUsd, resetsAt: resetsAt.toISOString() }
}
