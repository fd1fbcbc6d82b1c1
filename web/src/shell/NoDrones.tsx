/** In the place of the fleet while there is none: how to connect the first drone. */

import { useState } from "react";
import { Icon } from "../glyphs/Icon";
import { useStore } from "../live/hooks";
import { usePage } from "../page";

const COMMAND = "aerostream-edge run --drone d1 --mavlink udpin:127.0.0.1:14550";

export function NoDrones() {
  const { fleet, overview } = usePage();
  const [copied, setCopied] = useState(false);
  useStore(overview);
  if (!fleet.complete || fleet.drones.size > 0) return null;
  const copy = async () => {
    // Only there on a secure origin; elsewhere the text can be selected.
    await navigator.clipboard?.writeText(COMMAND);
    setCopied(navigator.clipboard !== undefined);
  };
  return (
    <section className="no-drones" aria-labelledby="no-drones-title">
      <h2 id="no-drones-title">No drone yet</h2>
      <p>On the computer that gets the drone's MAVLink, run:</p>
      <div className="command">
        <code>{COMMAND}</code>
        <button type="button" className="icon-button" aria-label="Copy the command" onClick={copy}>
          <Icon name="copy" />
        </button>
      </div>
      <p role="status">{copied ? "Copied. " : ""}The drone appears here as soon as it is heard.</p>
    </section>
  );
}
