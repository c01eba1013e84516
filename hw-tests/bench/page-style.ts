// The page's look. The plots' colours are variables too (see chart.ts), so light and dark need no second plot.

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1d2329; --faint: #5b6670; --line: #d5dade;
  --floor: #6b7280; --sync: #b42318; --await: #c2670a; --socket: #1463b8; --zeromq: #0b7a5c; --grpc: #7a3db8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e6eaed; --faint: #a3adb6; --line: #363e46;
    --floor: #a8b0ba; --sync: #ff7b6e; --await: #ffb454; --socket: #6cb6ff; --zeromq: #4fd1a5; --grpc: #cfa0ff;
  }
}
body { margin: 2rem auto; max-width: 74rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p, li { color: var(--faint); } figure { margin: 0; }
.plot { overflow-x: auto; } .plot svg { max-width: 100%; height: auto; min-width: 44rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 13px; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
`;
