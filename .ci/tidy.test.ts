// The repository's own rules, as far as compiler, linter and formatter do not keep them: who may import whom, where time
// and chance come from, how large a file may be. Every exception stands in a table here, with its reason.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const untidied = new Set(['node_modules', 'dist', '.git', 'build', 'coverage']);

interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly name: string;
  /** The top folder. */
  readonly area: string;
  readonly lines: readonly string[];
}

function readTree(folder: string): SourceFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (untidied.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return readTree(path);
    return entry.isFile() ? [sourceFile(path)] : [];
  });
}

function sourceFile(absolute: string): SourceFile {
  const path = relative(root, absolute).replaceAll('\\', '/');
  const [area = ''] = path.split('/');
  return { path, name: basename(path), area, lines: readFileSync(absolute, 'utf8').split('\n') };
}

const files = readTree(root);
const extensionOf = ({ name }: SourceFile) => /\.[a-z]+$/.exec(name)?.[0] ?? '';
const isScript = (file: SourceFile) => ['.ts', '.mjs'].includes(extensionOf(file));
const isCxx = (file: SourceFile) => ['.cc', '.h', '.c'].includes(extensionOf(file));
const isSource = (file: SourceFile) => isScript(file) || isCxx(file);

/** Tests, and what runs in them: these may import anything, and be as long as their matter is. */
const testFolders = ['sdk/conformance/', 'hw-tests/', 'native/test-programs/'];
const isTest = ({ path, name }: SourceFile) =>
  /\.test(\.support)?\.ts$/.test(name) || testFolders.some((folder) => path.startsWith(folder));
const product = files.filter((file) => isSource(file) && !isTest(file));

/** What breaks a rule, as `path:line: what`. */
function breaches(
  inspected: readonly SourceFile[],
  find: (line: string, file: SourceFile) => string | undefined,
): string[] {
  return inspected.flatMap((file) =>
    file.lines.flatMap((line, index) => {
      const what = find(line, file);
      return what === undefined ? [] : [`${file.path}:${index + 1}: ${what}`];
    }),
  );
}

interface Exception {
  /** A file, or a folder if it ends with a slash. */
  readonly path: string;
  readonly pattern: RegExp;
  readonly reason: string;
}

const excepts = (exceptions: readonly Exception[], { path }: SourceFile, line: string) =>
  exceptions.some(
    (each) =>
      (each.path === path || (each.path.endsWith('/') && path.startsWith(each.path))) && each.pattern.test(line),
  );

interface Import {
  readonly file: SourceFile;
  readonly specifier: string;
  /** Whether it is of types alone, and gone at run time. */
  readonly isType: boolean;
}

const staticImport = /^(?:import|export)\b(\s+type\b)?(?:[^;'"]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm;
const dynamicImport = /\bimport()\s*\(\s*['"]([^'"\n]+)['"]/g;

/** What a script imports, or passes on. Comments do not count. */
function importsOf(file: SourceFile): Import[] {
  const code = file.lines.filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line)).join('\n');
  return [...code.matchAll(staticImport), ...code.matchAll(dynamicImport)].map(([, type, specifier]) => {
    return { file, specifier: specifier as string, isType: type !== undefined && type !== '' };
  });
}

const imports = files.filter(isScript).flatMap(importsOf);

/** The file that a relative import names. */
const targetOf = ({ file, specifier }: Import) =>
  relative(root, resolve(root, dirname(file.path), specifier)).replaceAll('\\', '/');

describe('who imports whom', () => {
  /** Which doors a file may use. Beside them, it may import its own area, Node, and what package.json lets users install. */
  const doorsOf: Record<string, (path: string) => readonly string[]> = {
    native: () => ['#addon'],
    bridge: (path) => (path.startsWith('bridge/plane/') ? ['#native'] : []),
    sdk: () => ['#bridge', '#bridge/local', '#bridge/rdma'],
    // Not `#sdk` itself, which binds the public API to the native planes.
    sim: () => ['#bridge', '#sdk/api', '#sdk/fabric'],
    examples: () => ['leasewire', 'leasewire/testing', '#sdk'],
  };

  test('each area stays within itself, but for the doors it may use', () => {
    const wrong = imports.flatMap((each) => {
      const { file, specifier } = each;
      const doors = doorsOf[file.area]?.(file.path);
      if (doors === undefined || isTest(file)) return [];
      const inside = specifier.startsWith('.') ? targetOf(each).startsWith(`${file.area}/`) : undefined;
      const allowed = inside ?? (!/^(#|leasewire)/.test(specifier) || doors.includes(specifier));
      return allowed ? [] : [`${file.path} imports ${specifier}`];
    });
    expect(wrong).toEqual([]);
  });

  test('bridge without its planes, and leasewire/testing, load no native code', () => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const { imports: doors } = packageJson();
    const reached = new Set(['bridge/index.ts', 'sim/testing.ts']);
    for (const path of reached) {
      for (const each of importsOf(byPath.get(path) as SourceFile).filter(({ isType }) => !isType)) {
        expect(`${path} imports ${each.specifier}`).not.toMatch(/#native|#addon/);
        if (each.specifier.startsWith('.')) reached.add(targetOf(each));
        const door = doors[each.specifier]?.['leasewire-source'];
        if (door !== undefined) reached.add(door.replace('./', ''));
      }
    }
    expect(reached).toContain('sdk/mem-builder.ts');
    expect(reached.size).toBeGreaterThan(60);
  });

  test('nothing imports hw-tests', () => {
    const wrong = imports.filter((each) => {
      const reaches = each.specifier.startsWith('.') && targetOf(each).startsWith('hw-tests/');
      return (reaches && each.file.area !== 'hw-tests') || each.specifier.includes('#hw-tests');
    });
    expect(wrong.map(({ file, specifier }) => `${file.path} imports ${specifier}`)).toEqual([]);
  });

  test('what is no test imports none', () => {
    const wrong = imports.filter(
      ({ file, specifier }) => !isTest(file) && /\.test(\.|$)|test-programs\//.test(specifier),
    );
    expect(wrong.map(({ file, specifier }) => `${file.path} imports ${specifier}`)).toEqual([]);
  });

  test('what users install imports only what they install with it', () => {
    const { dependencies, peerDependencies, files: packed } = packageJson();
    const installed = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
    // What is in a shipped area, and is kept out of the package both as it is written and as it is built.
    const unbuilt = packed.filter((each) => each.startsWith('!dist/')).map((each) => each.slice('!dist/'.length));
    const keptOut = unbuilt.filter((folder) => packed.includes(`!${folder}`));
    const isKeptOut = ({ path }: SourceFile) => keptOut.some((folder) => path.startsWith(`${folder}/`));
    const shipped = new Set(['native', 'bridge', 'sdk', 'sim']);
    const wrong = imports.filter(({ file, specifier }) => {
      const isOurs = /^(node:|\.|#|leasewire)/.test(specifier);
      const isShipped =
        shipped.has(file.area) && !isKeptOut(file) && (!isTest(file) || file.path.startsWith('sdk/conformance/'));
      return isShipped && !isOurs && !installed.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    });
    expect(wrong.map(({ file, specifier }) => `${file.path} imports ${specifier}`)).toEqual([]);
  });

  test('only native/src/napi knows of Node’s C API', () => {
    const wrong = breaches(files.filter(isCxx), (line, { path }) => {
      if (path.startsWith('native/src/napi/')) return undefined;
      return /#\s*include\s*[<"](napi|node_api|js_native_api|v8|uv)\.h/.exec(line)?.[0];
    });
    expect(wrong).toEqual([]);
  });
});

interface PackageJson {
  readonly files: readonly string[];
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly imports: Record<string, Record<string, string>>;
}

function packageJson(): PackageJson {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson;
}

describe('the doors in package.json', () => {
  /** Built, not written. */
  const built = new Set(['#addon']);
  const doors = Object.entries(packageJson().imports).filter(([name]) => !built.has(name));

  test.each(doors)('%s leads to a source that is there, and to what is built from it', (_name, conditions) => {
    const source = conditions['leasewire-source'] ?? '';
    expect(existsSync(join(root, source))).toBe(true);
    expect(conditions['default']).toBe(source.replace('./', './dist/').replace(/\.ts$/, '.js'));
  });
});

describe('time and chance', () => {
  const source =
    /\b(Date\.now|performance\.now|hrtime|setTimeout|setInterval|setImmediate|Math\.random|randomBytes|randomUUID|randomFill(Sync)?|getRandomValues)\b|\bnew Date\(\)/;
  const exceptions: readonly Exception[] = [
    { path: 'bridge/environment.ts', pattern: /./, reason: 'it is what hands them in' },
    {
      path: 'bridge/agent/runtime-directory.ts',
      pattern: /Date\.now\(\) - found\.mtimeMs/,
      reason: 'a file’s age is by the wall clock',
    },
    {
      path: 'sdk/mem-lease.ts',
      pattern: /new Date\(Date\.now\(\) \+/,
      reason: 'a deadline that is shown to people is by the wall clock',
    },
  ];

  test('are handed in: bridge and sdk draw them from environment.ts alone', () => {
    const inspected = product.filter(({ area }) => area === 'bridge' || area === 'sdk');
    const wrong = breaches(inspected, (line, file) => {
      if (/^\s*(\/\/|\*|\/\*)/.test(line) || excepts(exceptions, file, line)) return undefined;
      return source.exec(line)?.[0];
    });
    expect(wrong).toEqual([]);
  });

  test('have no exception that nobody needs any more', () => {
    for (const { path, pattern } of exceptions) {
      const file = files.find((each) => each.path === path);
      expect(file?.lines.some((line) => pattern.test(line) && source.test(line))).toBe(true);
    }
  });
});

describe('every source file', () => {
  const linesMax = 300;

  test(`has at most ${linesMax} lines, unless it is a test`, () => {
    const long = product.filter(({ lines }) => lines.length - 1 > linesMax);
    expect(long.map(({ path, lines }) => `${path}: ${lines.length - 1} lines`)).toEqual([]);
  });

  test('begins with what it is; of a pair in C++, the header does', () => {
    const paths = new Set(files.map(({ path }) => path));
    const silent = product.filter(({ path, lines }) => {
      if (path.endsWith('.config.ts') || (path.endsWith('.cc') && paths.has(path.replace(/cc$/, 'h')))) return false;
      const [first = ''] = lines.filter((line) => !line.startsWith('#!'));
      return !/^(\/\/ \S|\/\*)/.test(first);
    });
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('is named as its language has it: kebab-case in TypeScript, snake_case in C++', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test(\.support)?|\.config|\.d)?\.(ts|mjs)$/;
    const snake = /^[a-z0-9]+(_[a-z0-9]+)*\.(cc|h|c)$/;
    const odd = files.filter((file) => isSource(file) && !(isScript(file) ? kebab : snake).test(file.name));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  test('ends with a line end, and has no spaces behind its lines', () => {
    const inspected = files.filter((file) => isSource(file) || ['.md', '.json'].includes(extensionOf(file)));
    const wrong = breaches(inspected, (line) => (/[ \t\r]+$/.test(line) ? 'space at the end' : undefined));
    const open = inspected.filter(({ lines }) => lines.at(-1) !== '');
    expect([...wrong, ...open.map(({ path }) => `${path}: no line end`)]).toEqual([]);
  });
});

describe('nothing is left lying about', () => {
  // Written so that this file does not find itself.
  const mark = /\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/;
  const focus = /\b(test|it|describe)\.onl[y]\(/;

  test('no marks of unfinished work', () => {
    expect(breaches(files.filter(isSource), (line) => mark.exec(line)?.[0])).toEqual([]);
  });

  test('no tests that shut out others', () => {
    expect(breaches(files.filter(isScript), (line) => focus.exec(line)?.[0])).toEqual([]);
  });

  test('no breakpoints, and nothing said to the terminal, but by programs', () => {
    const isProgram = ({ path, lines }: SourceFile) =>
      lines[0]?.startsWith('#!') ||
      /^(\.ci|examples|native\/build\.mjs|sdk\/cli|sim\/campaign\/(cli|reports)\.ts|sim\/scale\/cli\.ts|sim\/planted\/(hunt|try-plant)\.ts)/.test(
        path,
      );
    const spoken = /\bconsole\.\w+\(|^\s*debugger;/;
    const inspected = product.filter((file) => isScript(file) && !isProgram(file));
    const wrong = breaches(inspected, (line) => {
      return /^\s*(\/\/|\*)/.test(line) ? undefined : spoken.exec(line)?.[0];
    });
    expect(wrong).toEqual([]);
  });

  test('no place on somebody’s machine, and no package registry', () => {
    const wrong =
      /(?<![\w.~)}-])\/(work|root|home\/[a-z]+|Users\/[A-Za-z]+)\/|registry\.(npmjs|yarnpkg)|npm\.pkg\.github/;
    // The lock file says where each package was found: that is what it is for.
    const inspected = files.filter(({ path }) => path !== 'package-lock.json');
    expect(breaches(inspected, (line) => wrong.exec(line)?.[0])).toEqual([]);
  });
});

describe('C++', () => {
  const functionLinesMax = 60;

  test(`has no function of more than ${functionLinesMax} lines`, () => {
    const inspected = product.filter(isCxx);
    expect(inspected.length).toBeGreaterThan(0);
    const long = inspected.flatMap((file) =>
      functionsOf(file)
        .filter(({ lines }) => lines > functionLinesMax)
        .map(({ line, lines }) => `${file.path}:${line}: ${lines} lines`),
    );
    expect(long).toEqual([]);
  });

  test('functions are found, however they are written', () => {
    const sample = [
      'namespace a {',
      'class B : public C {',
      ' public:',
      '  int Get() const { return x_; }',
      '  B(int x)',
      '      : x_(x) {',
      '    if (x) {',
      '    }',
      '  }',
      '};',
      'struct D Make(int x) {',
      "  const char brace = '{'; // {",
      '  return D{x};',
      '}',
      'constexpr int table[] = {',
      '  1,',
      '};',
      '}  // namespace a',
    ];
    const found = functionsOf({ path: 'a.cc', name: 'a.cc', area: '', lines: sample });
    expect(found).toEqual([
      { line: 4, lines: 1 },
      { line: 6, lines: 4 },
      { line: 11, lines: 4 },
    ]);
  });
});

/** Blocks that follow a parameter list, outermost ones: where each begins, and how long it is. */
function functionsOf({ lines }: SourceFile): { line: number; lines: number }[] {
  const found: { line: number; lines: number }[] = [];
  const open: { line: number; isFunction: boolean }[] = [];
  let head = '';
  for (const [index, text] of lines.entries()) {
    for (const character of bare(text)) {
      if (character === '{') {
        const inside = open.some(({ isFunction }) => isFunction);
        open.push({ line: index + 1, isFunction: !inside && /\)[^()=]*$|\)\s*:\s*[^=]*$/.test(head) });
        head = '';
      } else if (character === '}') {
        const block = open.pop();
        if (block?.isFunction) found.push({ line: block.line, lines: index + 2 - block.line });
        head = '';
      } else if (character === ';') head = '';
      else head += character;
    }
    head += ' ';
  }
  return found.sort((a, b) => a.line - b.line);
}

/** A line of C++ without what is in quotes or behind `//`, and no line of the preprocessor. */
function bare(line: string): string {
  if (/^\s*#/.test(line)) return '';
  return line.replace(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/g, '').replace(/\/\/.*$/, '');
}
