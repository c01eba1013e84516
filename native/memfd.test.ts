import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createSealedMemfd, Doorbell, inspectMemfd, resourceLimits } from './index.ts';
import { countDescriptors, PythonPeer, runText } from './test-programs/run.test.support.ts';

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

function pathOfMemfd(name: string): string {
  const fd = readdirSync('/proc/self/fd').find((number) => linkOf(number).startsWith(`/memfd:${name}`));
  return `/proc/self/fd/${fd}`;
}

test('a fresh memfd is sealed and of the size asked for', () => {
  const memfd = createSealedMemfd('leasewire-test', 65536, false);
  expect(inspectMemfd(memfd)).toEqual({ bytes: 65536, sealed: true });
});

test('its memory is reserved from the start, and no more than its bytes', () => {
  const memfd = createSealedMemfd('leasewire-test-reserved', 65536, false);
  expect(statSync(pathOfMemfd('leasewire-test-reserved')).blocks * 512).toBe(65536);
  memfd.close();
});

test('a peer can not shrink it, grow it, or change its seals', () => {
  const peer = new PythonPeer(`
_, (fd,), _, _ = take()
say(' '.join([
  attempt(lambda: os.ftruncate(fd, 0)),
  attempt(lambda: os.ftruncate(fd, 1 << 20)),
  attempt(lambda: os.posix_fallocate(fd, 65536, 4096)),
  attempt(lambda: fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)),
]))
`);
  const memfd = createSealedMemfd('leasewire-test', 65536, false);
  peer.send('try', [memfd]);
  expect(peer.hear()).toBe('EPERM EPERM EPERM EPERM');
  expect(inspectMemfd(memfd)).toEqual({ bytes: 65536, sealed: true });
});

test('a program that is started does not inherit it', () => {
  const memfd = createSealedMemfd('leasewire-test-inherited', 4096, false);
  expect(countDescriptors('leasewire-test-inherited')).toBe(1);
  expect(execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' })).not.toContain('memfd:');
  memfd.close();
});

test('closing gives the descriptor back at once, and only once', () => {
  const memfd = createSealedMemfd('leasewire-test-closed', 4096, false);
  expect(memfd.closed).toBe(false);
  memfd.close();
  memfd.close();
  expect(memfd.closed).toBe(true);
  expect(countDescriptors('leasewire-test-closed')).toBe(0);
  expect(() => inspectMemfd(memfd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});

test('sizes that are not whole pages are refused', () => {
  for (const bytes of [0, 1, 4095, 4097, -4096, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => createSealedMemfd('leasewire-test', bytes, false)).toThrow(RangeError);
  }
});

test('more memory than there is fails at once with ENOMEM', () => {
  const error = { code: 'ENOMEM', errno: 12, syscall: 'fallocate' };
  expect(() => createSealedMemfd('leasewire-test', 2 ** 50, false)).toThrow(expect.objectContaining(error));
});

test.skipIf(resourceLimits().hugePageBytes === 0)('huge pages come from their pool, or ENOSPC', () => {
  const { hugePageBytes, hugePagesFree } = resourceLimits();
  if (hugePagesFree > 0) {
    const memfd = createSealedMemfd('leasewire-test', hugePageBytes, true);
    expect(inspectMemfd(memfd)).toEqual({ bytes: hugePageBytes, sealed: true });
    memfd.close();
  }
  const tooMany = (hugePagesFree + 1) * hugePageBytes;
  const refused = expect.objectContaining({ code: expect.stringMatching(/^(ENOSPC|ENOMEM)$/) });
  expect(() => createSealedMemfd('leasewire-test', tooMany, true)).toThrow(refused);
});

test('running out of descriptors is EMFILE, in the form of Node’s own errors', () => {
  const text = `
    import { addon } from './addon.mjs';
    const memfds = [];
    try {
      for (;;) memfds.push(addon.createSealedMemfd('leasewire-test', 4096, false));
    } catch ({ message, code, errno, syscall }) {
      console.log(JSON.stringify({ message, code, errno, syscall }));
    }`;
  const { stdout, status } = runText(text, { setup: 'ulimit -n 64' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    message: 'EMFILE: memfd_create: Too many open files',
    code: 'EMFILE',
    errno: 24,
    syscall: 'memfd_create',
  });
});

test('what a peer sends is inspected, not believed', () => {
  const peer = new PythonPeer(`
def memfd(size, seals):
    fd = os.memfd_create('leasewire-test', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd
both = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
for fd in [memfd(8192, both), memfd(4096, fcntl.F_SEAL_SHRINK), memfd(4096, fcntl.F_SEAL_GROW), memfd(4096, 0)]:
    socket.send_fds(s, [b'x'], [fd])
for fd in [os.open('/dev/null', os.O_RDWR), os.open('/tmp', os.O_RDONLY), s.fileno(), os.pipe()[0]]:
    socket.send_fds(s, [b'x'], [fd])
`);
  expect(inspectMemfd(peer.takeDescriptor())).toEqual({ bytes: 8192, sealed: true });
  for (let i = 0; i < 3; i++) {
    expect(inspectMemfd(peer.takeDescriptor())).toEqual({ bytes: 4096, sealed: false });
  }
  const refused = expect.objectContaining({ code: 'EINVAL' });
  for (let i = 0; i < 4; i++) expect(() => inspectMemfd(peer.takeDescriptor())).toThrow(refused);
  expect(() => inspectMemfd(new Doorbell().descriptor)).toThrow(refused);
});
