// Cases of the conformance suite that cannot hold between two machines, and why.

export const rdmaLacks: Readonly<Record<string, string>> = {
  'a lease is attached by its id': 'an id says nothing of the machine that its lease is on',
};
