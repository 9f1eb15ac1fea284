// Sums the reports of jest --json into the line `N passed, N failed, N skipped`; exits 1 where something failed.
// usage: sum-tests.js FAILED_STEPS REPORT…   A step that failed, a suite that did not run and a missing report count as failures.
import { existsSync, readFileSync } from 'node:fs';

const [steps = '0', ...reports] = process.argv.slice(2);
let passed = 0;
let failed = Number(steps);
let skipped = 0;
for (const report of reports) {
  if (!existsSync(report)) {
    console.error(`${report} was not written`);
    failed += 1;
    continue;
  }
  const sums = JSON.parse(readFileSync(report, 'utf8'));
  passed += sums.numPassedTests;
  failed += sums.numFailedTests + sums.numRuntimeErrorTestSuites;
  skipped += sums.numPendingTests + sums.numTodoTests;
  if (!sums.success && sums.numFailedTests + sums.numRuntimeErrorTestSuites === 0) failed += 1;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
