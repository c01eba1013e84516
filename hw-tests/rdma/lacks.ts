// Cases of the conformance suite that cannot hold between two machines, and why.

export const rdmaLacks: Readonly<Record<string, string>> = {
  'a lease is attached by its id': 'an id says nothing of the machine that its lease is on',
  'a call that no server took before its home died has not run':
    'whether a request was taken is known at its home alone, which is dead: so it may have run',
};
