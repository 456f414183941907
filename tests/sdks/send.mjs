// Sends one of each call and some more with @segment/analytics-node: node send.mjs HOST WRITE_KEY NUMBER_OF_EVENTS
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, count] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushInterval: 100 });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
analytics.identify({ userId: "u1", traits: { email: "a@b.example" } });
analytics.group({ userId: "u1", groupId: "g1", traits: { plan: "x" } });
analytics.alias({ userId: "u1", previousId: "a1" });
analytics.page({ anonymousId: "a1", name: "Home" });
analytics.screen({ anonymousId: "a1", name: "Start" });
for (let i = 0; i < Number(count); i++) analytics.track({ userId: "u1", event: "Counted", properties: { i } });
await analytics.closeAndFlush();
