// node --expose-gc scenario.js <name>…: runs scenarios one after the other, and says `ok` and its name after each.
import { dataScenarios } from './scenarios-data.ts';
import { failureScenarios } from './scenarios-failures.ts';
import { lifetimeScenarios } from './scenarios-lifetime.ts';

const scenarios = { ...dataScenarios, ...failureScenarios, ...lifetimeScenarios };

for (const name of process.argv.slice(2)) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  await scenario();
  console.log(`ok ${name}`);
}
