import { useId, useState } from "react";
import type { StoredSeries } from "../api";
import { MOST_FIELDS, type PlotField, searchFields, whyNot } from "./fields";

const MOST_SHOWN = 60;

export interface FieldPickerProps {
  fields: readonly PlotField[];
  chosen: readonly PlotField[];
  onChange: (chosen: PlotField[]) => void;
  /** Series of channels that are not in the table; their fields are asked for on demand. */
  unknown: readonly StoredSeries[];
  onLearn: (series: StoredSeries) => void;
}

/** Every field that is stored of the drone, to be searched and ticked. */
export function FieldPicker({ fields, chosen, onChange, unknown, onLearn }: FieldPickerProps) {
  const [query, setQuery] = useState("");
  const search = useId();
  const found = searchFields(fields, query);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const others = unknown.filter(({ channel }) => words.every((word) => channel.includes(word)));
  const has = (field: PlotField) => chosen.some(({ key }) => key === field.key);
  const toggle = (field: PlotField) =>
    onChange(has(field) ? chosen.filter(({ key }) => key !== field.key) : [...chosen, field]);

  const shown = found.slice(0, MOST_SHOWN);
  const reasons = new Map(
    shown.flatMap((field) => {
      const reason = has(field) ? null : whyNot(field, chosen);
      return reason === null ? [] : [[field.key, reason]];
    }),
  );

  return (
    <div className="picker">
      <label htmlFor={search} className="visually-hidden">
        Search fields
      </label>
      <input
        id={search}
        type="search"
        className="picker-search"
        placeholder={`Search ${fields.length} fields`}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      {/* Said once: most of the list is greyed for the same reason. */}
      {[...new Set(reasons.values())].map((reason) => (
        <p className="muted picker-why" key={reason}>
          {reason}
        </p>
      ))}
      <ul className="picker-list" aria-label={`Fields, up to ${MOST_FIELDS}`}>
        {shown.map((field) => {
          const ticked = has(field);
          const reason = reasons.get(field.key);
          return (
            <li key={field.key}>
              <label title={reason} data-disabled={reason !== undefined}>
                <input
                  type="checkbox"
                  checked={ticked}
                  disabled={reason !== undefined}
                  onChange={() => toggle(field)}
                />
                <span className="picker-name">
                  {field.label} <small>{field.unit}</small>
                </span>
                <small className="picker-words">{field.description}</small>
              </label>
            </li>
          );
        })}
        {others.slice(0, MOST_SHOWN).map((series) => (
          <li key={`${series.channel}/${series.component}/${series.instance}`}>
            <button type="button" className="picker-learn" onClick={() => onLearn(series)}>
              {series.channel} <small>show its fields</small>
            </button>
          </li>
        ))}
      </ul>
      {found.length > MOST_SHOWN && (
        <p className="muted">{found.length - MOST_SHOWN} more; type to find them.</p>
      )}
      {found.length + others.length === 0 && <p className="muted">No field has these words.</p>}
    </div>
  );
}
