// `.env.example`, made from the schema. Every line is commented out: copied as it is, it changes nothing.
import { variables } from './environment.ts'
import type { VariableGroup } from './environment.ts'

const lineLength = 118

/** Breaks a text into comment lines. */
function comment(text: string): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > lineLength) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

const header = [
  '# Configuration of darkroom. Copy this file to .env and take the # from the lines that you change.',
  '# Made from src/config/environment.ts by: node --import tsx src/config/write-env-example.ts',
  '# An empty variable is an unset one. Booleans are true or false. Unknown DARKROOM_* variables are refused.',
]

const composeSection = [
  '# --- docker-compose.yml only ---',
  '',
  '# Password of the Postgres that docker-compose.yml starts. Hex digits, since it goes into an address as it is:',
  '# openssl rand -hex 24',
  '# POSTGRES_PASSWORD=',
]

/** The whole file, with a line break at its end. */
export function renderEnvExample(): string {
  const lines = [...header]
  let group: VariableGroup | null = null
  for (const variable of variables) {
    if (variable.group !== group) {
      group = variable.group
      lines.push('', `# --- ${group} ---`)
    }
    const unit = variable.unit === null ? '' : ` Unit: ${variable.unit}.`
    // On a line of its own, so that it can be copied.
    const example = variable.example === null ? [] : [`# Example: ${variable.example}`]
    lines.push('', ...comment(variable.description + unit), ...example, `# ${variable.name}=${variable.default ?? ''}`)
  }
  return `${[...lines, '', ...composeSection].join('\n')}\n`
}
