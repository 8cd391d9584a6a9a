// Sends the mixed batch of the test with the official Node client, unmodified.
// Called as: node segment.mjs <folder of node_modules> <host> <key> <prefix of every id>
import { createRequire } from "node:module";
import path from "node:path";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const { Analytics } = createRequire(path.join(folder, "here.js"))("@segment/analytics-node");
const analytics = new Analytics({ writeKey, host, flushAt: 100, flushInterval: 200, maxRetries: 8 });
const failures = [];
analytics.on("error", (error) => failures.push(String(error.code ?? error)));

const anonymousId = `${prefix}-visitor`;
const context = {
  timezone: "America/Los_Angeles",
  page: { url: "http://127.0.0.1:8101/pricing?utm_source=news", title: "Pricing", referrer: "https://www.google.com/" },
  userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};
const asked = { ...context, timezone: "Europe/Berlin", consent: { categoryPreferences: { "site-analytics": true, "call-journey": false, "no-such-purpose": true } } };

analytics.page({ anonymousId, name: "Pricing", context });
analytics.screen({ anonymousId, name: "Start", context });
analytics.track({ anonymousId, event: "Feature Used", properties: { feature: "search", undeclared: "shoe size 43" }, context });
analytics.track({ anonymousId, event: "Never Declared", properties: { feature: "search" }, context });
analytics.page({ anonymousId: `${prefix}-agreed`, context: asked });
analytics.page({ anonymousId: `${prefix}-unasked`, context: { ...context, timezone: "Europe/Berlin" } });
analytics.identify({ userId: `${prefix}-account`, traits: { name: "Ada Test", email: `${prefix}@example.com`, hat: "red" }, context });
analytics.group({ userId: `${prefix}-account`, groupId: "company-1", traits: { company: "Example Ltd", name: "Ada Test" }, context });
analytics.alias({ userId: `${prefix}-account`, previousId: anonymousId, context });

await analytics.closeAndFlush({ timeout: 60_000 });
if (failures.length) {
  console.error(failures.join("\n"));
  process.exit(1);
}
