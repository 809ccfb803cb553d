// Reads calendar files with ical.js and prints what it sees as JSON: for each file a list of entries.
//
//     NODE_PATH=.venv/js/node_modules node tests/read_ics.mjs FILE...     or the paths as a JSON list on stdin
//
// Times are local text. What stands under *_utc was computed with the VTIMEZONE of the file itself, and with nothing else.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const found = createRequire(import.meta.url).resolve("ical.js");
const module = await import(pathToFileURL(found).href);
const ICAL = module.default ?? module;

function entries(path) {
  const calendar = new ICAL.Component(ICAL.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path))));
  if (calendar.name !== "vcalendar") throw new Error(`${path}: not one calendar`);
  ICAL.TimezoneService.reset();
  const zones = new Map();
  for (const component of calendar.getAllSubcomponents("vtimezone")) {
    const zone = new ICAL.Timezone(component);
    ICAL.TimezoneService.register(zone);
    zones.set(zone.tzid, zone);
  }
  return calendar.getAllSubcomponents("vevent").map((event) => entry(event, zones));
}

function entry(event, zones) {
  const [start, start_utc] = when(event.getFirstProperty("dtstart"), zones);
  const [end, end_utc] = when(event.getFirstProperty("dtend"), zones);
  const text = (name) => event.getFirstPropertyValue(name);
  const allday = event.getFirstPropertyValue("dtstart").isDate;
  const texts = { uid: text("uid"), summary: text("summary"), description: text("description"), status: text("status") };
  return { ...texts, allday, start, end, start_utc, end_utc };
}

function when(property, zones) {
  const time = property.getFirstValue().clone();
  if (time.isDate) return [time.toString(), null];
  const local = time.toString().replace("Z", "");
  const tzid = property.getParameter("tzid");
  if (tzid === undefined) {
    if (time.zone !== ICAL.Timezone.utcTimezone) throw new Error(`${local}: no zone`);
    return [local, local];
  }
  if (!zones.has(tzid)) throw new Error(`no VTIMEZONE for ${tzid}`);
  time.zone = zones.get(tzid);
  return [local, time.convertToZone(ICAL.Timezone.utcTimezone).toString().replace("Z", "")];
}

const paths = process.argv.length > 2 ? process.argv.slice(2) : JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(paths.map(entries)));
