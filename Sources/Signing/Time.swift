import Linux

/// `2026-11-21 13:50:55 UTC`, from seconds since the epoch.
func utcText(_ seconds: Int64) -> String { timeText(seconds, "%Y-%m-%d %H:%M:%S UTC") }
