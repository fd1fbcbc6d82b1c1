import type { KeyboardEvent, PointerEvent } from "react";
import { durationText } from "../live/age";
import { stretchText } from "./arriving";
import type { History } from "./history";
import type { Mark } from "./marks";
import { fractionOf, momentAfterKey, momentOf, type Span } from "./playback";
import { dayText, momentText, timeText, type Zone } from "./times";

export interface TimeSliderProps {
  history: History;
  span: Span;
  zone: Zone;
}

/** The flight from end to end with its heights and events; arrows move by 1 s, with shift by 10 s. */
export function TimeSlider({ history, span, zone }: TimeSliderProps) {
  const { momentMs } = history;
  const percent = 100 * fractionOf(momentMs, span);
  const oneDay = dayText(span.startMs, zone) === dayText(span.endMs, zone);
  const edge = (timeMs: number) =>
    oneDay ? timeText(timeMs, zone) : `${dayText(timeMs, zone)} ${timeText(timeMs, zone)}`;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === " ") history.playing ? history.pause() : history.play();
    else {
      const moved = momentAfterKey(event.key, event.shiftKey, momentMs, span);
      if (moved === undefined) return;
      history.moveTo(moved);
    }
    // The page's own keys (arrows through the list, space to centre) must not take it too.
    event.preventDefault();
    event.stopPropagation();
  };
  const follow = (event: PointerEvent<HTMLDivElement>) => {
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    else if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.getBoundingClientRect();
    history.moveTo(momentOf((event.clientX - box.left) / box.width, span));
  };

  return (
    <div className="slider">
      <span className="slider-edge">{edge(span.startMs)}</span>
      <div
        className="slider-track"
        role="slider"
        tabIndex={0}
        aria-label="Moment of the flight"
        aria-valuemin={Math.round(span.startMs / 1000)}
        aria-valuemax={Math.round(span.endMs / 1000)}
        aria-valuenow={Math.round(momentMs / 1000)}
        aria-valuetext={`${momentText(momentMs, zone)}, ${durationText(momentMs - span.startMs)} of ${durationText(span.endMs - span.startMs)}`}
        onKeyDown={onKeyDown}
        onPointerDown={follow}
        onPointerMove={follow}
      >
        <svg className="slider-profile" viewBox="0 0 1000 100" preserveAspectRatio="none">
          <title>Height above home along the flight</title>
          <path d={history.profile} />
        </svg>
        {history.arriving.map((stretch) => (
          <div
            key={stretch.startMs}
            className="slider-arriving"
            style={{
              left: `${100 * fractionOf(stretch.startMs, span)}%`,
              width: `${100 * (fractionOf(stretch.endMs, span) - fractionOf(stretch.startMs, span))}%`,
            }}
            title={`Still arriving: ${stretchText(stretch, zone)}`}
          />
        ))}
        <div className="slider-rail">
          <div className="slider-done" style={{ width: `${percent}%` }} />
        </div>
        {history.marks.map((mark) => (
          <SliderMark key={mark.timeMs} mark={mark} zone={zone} />
        ))}
        <div className="slider-thumb" style={{ left: `${percent}%` }} />
      </div>
      <span className="slider-edge">{edge(span.endMs)}</span>
    </div>
  );
}

const GLYPHS: Record<Mark["tone"], string> = { mode: "▾", warning: "▲", critical: "■" };

function SliderMark({ mark, zone }: { mark: Mark; zone: Zone }) {
  return (
    <span
      className="slider-mark"
      data-tone={mark.tone}
      style={{ left: `${100 * mark.fraction}%` }}
      title={`${timeText(mark.timeMs, zone)} ${mark.texts.join(" · ")}`}
      aria-hidden="true"
    >
      {GLYPHS[mark.tone]}
    </span>
  );
}
