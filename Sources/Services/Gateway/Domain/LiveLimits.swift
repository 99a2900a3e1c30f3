/// The limits of live updates.
struct LiveLimits: Sendable {
    /// Open streams of one person. A browser opens one for all its tabs.
    var streamsPerPersonMax = 8
    /// Streams in one process: the remaining connections are for requests.
    var streamCountMax = 4_000
    /// Queued events of one slow reader.
    var queuedCountMax = 64
    /// The last events kept for each person, for a reconnect. Less than ``queuedCountMax``.
    var keptCountMax = 50
    /// How long they are kept after the person's last stream has ended.
    var keptTime: Duration = .seconds(120)
    /// People without a stream whose events are kept.
    var peopleGoneMax = 10_000
    /// Pause between two questions to auth about which sessions have ended.
    var sessionsCheckPause: Duration = .seconds(2)
    /// Interval of heartbeats on an idle stream.
    var heartbeat: Duration = .seconds(15)
}
