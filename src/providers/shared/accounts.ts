// The named keys of one provider: checked once, at creation, so that no later failure can be one of configuration.

export interface ProviderAccount {
  /** of the account, as the ledger and people call it; never secret */
  name: string
  apiKey: string
}

export interface AccountKeys {
  /** in the order in which they are tried */
  names: readonly string[]
  /** null: there is no such account any more */
  keyOf: (account: string) => string | null
  /** every key: a message about one account must not show that of another either // I6 */
  keys: readonly string[]
}

/** Throws for a key that could not be in a header and for accounts that cannot be told apart, without repeating a key. */
export function readAccounts(provider: string, accounts: readonly ProviderAccount[]): AccountKeys {
  const keys = new Map<string, string>()
  for (const { name, apiKey } of accounts) {
    if (!/^[\u0021-\u007e]{1,1024}$/.test(apiKey)) {
      throw new TypeError(`${provider}: an API key is empty, too long or has characters that cannot be in a header`)
    }
    if (name === '' || keys.has(name)) throw new TypeError(`${provider}: the names of its accounts are empty or not unique`)
    keys.set(name, apiKey)
  }
  return {
    names: Object.freeze([...keys.keys()]),
    keyOf: (account) => keys.get(account) ?? null,
    keys: [...keys.values()],
  }
}
