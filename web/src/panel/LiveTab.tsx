/** What a pilot reads: attitude and the few numbers first, then the details. */

import { Attitude } from "./Attitude";
import { BatterySection } from "./BatterySection";
import { DroneMessages } from "./DroneMessages";
import { MotionFigures, StateFigures } from "./Figures";
import { GpsSection } from "./GpsSection";
import { HealthSection } from "./HealthSection";
import { LinkSection } from "./LinkSection";
import { useOrigin } from "./useOrigin";

export function LiveTab({ drone }: { drone: string }) {
  const origin = useOrigin(drone);
  return (
    <>
      <div className="instruments">
        <Attitude origin={origin} />
        <MotionFigures origin={origin} />
        <StateFigures origin={origin} />
      </div>
      {origin.source.kind === "live" && <DroneMessages drone={drone} />}
      <BatterySection origin={origin} />
      <GpsSection origin={origin} />
      <LinkSection origin={origin} />
      <HealthSection origin={origin} />
    </>
  );
}
