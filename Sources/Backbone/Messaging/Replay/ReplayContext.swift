/// Set while handlers run in a replay.
enum ReplayContext {
    @TaskLocal static var suppressesEvents = false
}
