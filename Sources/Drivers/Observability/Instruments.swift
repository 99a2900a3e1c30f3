internal import Synchronization

/// A monotonic counter. Counting is one atomic addition.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    public var value: UInt64 { count.load(ordering: .relaxed) }

    public func increment(by amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
}

/// A value that goes up and down.
public final class Gauge: Sendable {
    private let bits = AtomicDouble()
    private let read: (@Sendable () -> Double)?

    /// - Parameter read: when given, it provides the gauge's value at each scrape.
    init(read: (@Sendable () -> Double)? = nil) { self.read = read }

    public var value: Double { read?() ?? bits.value }

    public func set(_ value: Double) { bits.set(value) }
    public func add(_ amount: Double) { bits.add(amount) }
    public func increment() { add(1) }
    public func decrement() { add(-1) }
}

/// A histogram: how many values are at most each bound, and the sum of all values.
public final class Histogram: Sendable {
    /// Upper bounds in seconds, from 0.5 ms to 10 s, for durations of requests and handlers.
    public static let seconds: [Double] = [
        0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
    ]

    /// Inclusive upper bounds in ascending order; one unbounded bucket follows.
    let bounds: [Double]
    private let buckets: [Counter]
    private let total = AtomicDouble()

    init(bounds: [Double]) {
        precondition(
            zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 } && bounds.allSatisfy(\.isFinite),
            "histogram bounds must be finite and ascending")
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    /// NaN is not counted.
    public func observe(_ value: Double) {
        if value.isNaN { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        buckets[index].increment()
        total.add(value)
    }

    /// Counts a duration in seconds.
    public func observe(_ duration: Duration) { observe(duration / .seconds(1)) }

    public var count: UInt64 { counts.reduce(0, &+) }
    public var sum: Double { total.value }

    /// One count per bucket, not cumulative.
    var counts: [UInt64] { buckets.map(\.value) }
}

/// An atomic floating-point number.
private final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(Double(0).bitPattern)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
