import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { Doorbell } from './index.ts';
import { runProgram, runText } from './test-programs/run.test.support.ts';

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Turns the event loop often enough for a readable descriptor to have been reported. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

test('a watch does not keep the process alive until ref()', () => {
  expect(runProgram('process-end.mjs', 'return')).toMatchObject({ status: 0 });
});

test('ref() before and after watch() keeps the process alive until the bell rings', () => {
  for (const order of ['bell.ref(); bell.watch(onRing);', 'bell.watch(onRing); bell.ref();']) {
    const text = `
      import { addon } from './addon.mjs';
      import { spawn } from 'node:child_process';
      const bell = new addon.Doorbell();
      function onRing() {
        console.log('rung');
        bell.unref();
      }
      ${order}
      setTimeout(() => bell.ring(), 50).unref();`;
    expect(runText(text)).toMatchObject({ status: 0, stdout: 'rung\n' });
  }
});

test('a later watch() replaces the callback', async () => {
  const bell = new Doorbell();
  const called: string[] = [];
  bell.watch(() => called.push('first'));
  bell.watch(() => {
    called.push('second');
    bell.drain();
  });
  bell.ring();
  await turns();
  expect(called).toEqual(['second']);
  bell.close();
});

test('unwatch() is final, also in the callback and when called twice', async () => {
  const bell = new Doorbell();
  let calls = 0;
  bell.watch(() => {
    calls++;
    bell.unwatch();
    bell.unwatch();
  });
  bell.ring();
  await turns();
  expect(calls).toBe(1);
  bell.close();
});

test('a watch can be begun anew inside the callback', async () => {
  const bell = new Doorbell();
  const called: string[] = [];
  bell.watch(() => {
    called.push('first');
    bell.unwatch();
    bell.watch(() => {
      called.push('second');
      bell.drain();
    });
  });
  bell.ring();
  await turns();
  expect(called).toEqual(['first', 'second']);
  bell.close();
});

test('close() inside the callback ends the watch, also that of another', async () => {
  const [bell, other] = [new Doorbell(), new Doorbell()];
  let calls = 0;
  const closeBoth = () => {
    calls++;
    bell.close();
    other.close();
  };
  bell.watch(closeBoth);
  other.watch(closeBoth);
  bell.ring();
  other.ring();
  await turns();
  expect(calls).toBe(1);
  expect([bell.closed, other.closed]).toEqual([true, true]);
});

test('a descriptor number that is used again is watched anew', async () => {
  for (let i = 0; i < 100; i++) {
    const bell = new Doorbell();
    let calls = 0;
    bell.watch(() => {
      calls++;
      bell.drain();
    });
    bell.ring();
    if (i % 2 === 0) await turns();
    bell.close();
    expect(calls).toBe(i % 2 === 0 ? 1 : 0);
  }
});

test('a watched resource is not collected, and its callback still runs', () => {
  const text = `
    import { addon, collectUntil } from './addon.mjs';
    let descriptor;
    {
      const bell = new addon.Doorbell();
      descriptor = bell.descriptor;
      bell.watch(() => {
        console.log('rung');
        bell.close();
      });
      bell.ref();
    }
    await collectUntil(() => false);
    new addon.Doorbell(descriptor).ring();`;
  expect(runText(text)).toMatchObject({ status: 0, stdout: 'rung\n' });
});

test('an exception in the callback is an uncaughtException, and the watch goes on', () => {
  const text = `
    import { addon } from './addon.mjs';
    const bell = new addon.Doorbell();
    let calls = 0;
    process.on('uncaughtException', (error, origin) => console.log(origin, error.message));
    bell.watch(() => {
      if (++calls === 2) bell.close();
      throw new Error('call ' + calls);
    });
    bell.ref();
    bell.ring();`;
  const stdout = 'uncaughtException call 1\nuncaughtException call 2\n';
  expect(runText(text)).toMatchObject({ status: 0, stdout });
});

test('without a handler it ends the process, and says where', () => {
  const ended = runProgram('process-end.mjs', 'throw in callback');
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain('Error: thrown by the callback');
});

test('the callback runs in the async context of watch(), with the resource as its receiver', async () => {
  const storage = new AsyncLocalStorage<string>();
  const bell = new Doorbell();
  const seen: unknown[] = [];
  storage.run('context', () => {
    bell.watch(function onRing(this: unknown) {
      seen.push(storage.getStore(), this);
      bell.close();
    });
  });
  bell.ring();
  await turns();
  expect(seen).toEqual(['context', bell]);
});

test('promise reactions run before the next callback', async () => {
  const bells = [new Doorbell(), new Doorbell()];
  const order: string[] = [];
  for (const bell of bells) {
    bell.watch(() => {
      bell.close();
      order.push('callback');
      void Promise.resolve().then(() => order.push('reaction'));
    });
    bell.ring();
  }
  await turns();
  expect(order).toEqual(['callback', 'reaction', 'callback', 'reaction']);
});
