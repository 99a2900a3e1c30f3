/// Lets long batches yield to the loop's other work.
enum Fairness {
    private static let stride = 64

    static func pause(after count: Int) async { if count > 0, count % stride == 0 { await Task.yield() } }
}
