/// Set around handlers that run in a replay.
enum ReplayContext {
    @TaskLocal static var suppressesEvents = false
}
