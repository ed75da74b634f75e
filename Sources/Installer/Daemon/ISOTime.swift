import Linux

/// Seconds since the epoch as ISO 8601, UTC: `2026-11-21T14:00:00Z`.
func isoTime(_ seconds: Int64) -> String { timeText(seconds, "%Y-%m-%dT%H:%M:%SZ") }
