/// How much live updates may take up.
struct LiveLimits: Sendable {
    /// Streams that one person may have open. A browser opens one for all its tabs.
    var streamsPerPersonMax = 8
    /// Streams of all people in one process: the rest of its connections is for requests.
    var streamCountMax = 4_000
    /// Events that wait for one slow reader.
    var queuedCountMax = 64
    /// Of each person who follows: the last events, for whoever comes back after a break. Fewer than may wait.
    var keptCountMax = 50
    /// How long they are kept after the person's last stream has ended.
    var keptTime: Duration = .seconds(120)
    /// People without a stream of whom events are kept.
    var peopleGoneMax = 10_000
    /// How often a stream on which nothing happens says that it is there.
    var heartbeat: Duration = .seconds(15)
}
