import { describe, expect, it } from "vitest";
import { Api, ProblemError, sentenceOfError } from "../src/api";

function api(answer: Response | (() => Promise<Response>), base = "http://bridge/") {
  const asked: URL[] = [];
  const fetch = async (input: RequestInfo | URL) => {
    asked.push(new URL(String(input)));
    return typeof answer === "function" ? answer() : answer;
  };
  return { api: new Api({ base, fetch }), asked };
}

const problem = (body: unknown, status: number) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json" },
  });

async function failure(asked: Promise<unknown>): Promise<ProblemError> {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return error as ProblemError;
}

describe("addresses", () => {
  it("carry moments as ISO 8601, lists with commas, and leave out what is not given", async () => {
    const { api: client, asked } = api(Response.json({}));
    await client.getTelemetry("d 1/x", {
      channel: "position",
      fields: ["lat", "lon"],
      start: Date.parse("2026-11-21T10:00:00Z"),
      end: "now",
      component: undefined,
      limit: 10,
    });
    expect(asked[0]?.pathname).toBe("/api/v1/drones/d%201%2Fx/telemetry");
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
      channel: "position",
      fields: "lat,lon",
      start: "2026-11-21T10:00:00.000Z",
      end: "now",
      limit: "10",
    });
  });

  it("lie beside the page, behind a proxy's prefix too", () => {
    const { api: client } = api(Response.json({}), "https://host/fleet/index.html");
    const url = client.exportUrl("d1", { channel: "vfr", format: "csv", start: "-1h" });
    expect(url).toBe("https://host/fleet/api/v1/drones/d1/export?channel=vfr&format=csv&start=-1h");
  });

  it("of buckets name their length", async () => {
    const { api: client, asked } = api(Response.json({}));
    await client.getTelemetryEvery("d1", "5s", { channel: "vfr" });
    expect(asked[0]?.searchParams.get("every")).toBe("5s");
  });
});

describe("failures are sentences", () => {
  it("of a problem document's detail", async () => {
    const body = { type: "x", title: "No drone", status: 404, detail: "there is no drone 'd9'" };
    const error = await failure(api(problem(body, 404)).api.getDrone("d9"));
    expect(error.message).toBe("There is no drone 'd9'.");
    expect(error.status).toBe(404);
    expect(error.problem.title).toBe("No drone");
  });

  it("of the title where there is no detail", async () => {
    const error = await failure(api(problem({ title: "Too slow" }, 503)).api.getDrones());
    expect(error.message).toBe("Too slow.");
  });

  it("of an answer that is no problem document", async () => {
    const bad = new Response("<html>Bad gateway", { status: 502 });
    expect((await failure(api(bad).api.getDrones())).message).toBe("The server answered 502.");
  });

  it("without an answer", async () => {
    const away = () => Promise.reject(new TypeError("Failed to fetch"));
    const error = await failure(api(away).api.getChannels());
    expect(error.message).toBe("The server cannot be reached.");
    expect(error.status).toBe(0);
  });

  it("of an answer that is cut off", async () => {
    const cut = new Response('{"items": [');
    const error = await failure(api(cut).api.getFlights("d1"));
    expect(error.message).toBe("The server's answer could not be read.");
  });

  it("of anything else too", () => {
    expect(sentenceOfError(new RangeError("x"))).toMatch(/\.$/);
  });
});

it("giving up is not a failure to tell", async () => {
  const stopped = () => Promise.reject(new DOMException("stopped", "AbortError"));
  await expect(api(stopped).api.getChannels()).rejects.toMatchObject({ name: "AbortError" });
});
