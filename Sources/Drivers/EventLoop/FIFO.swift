/// A first-in-first-out queue in one array; removing the first element does not move the rest.
@frozen
public struct FIFO<Element> {
    @usableFromInline var elements: [Element?] = []
    @usableFromInline var head = 0

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { head == elements.count }
    @inlinable public var count: Int { elements.count - head }
    @inlinable public var first: Element? { isEmpty ? nil : elements[head] }
    /// The elements in order.
    @inlinable public var all: [Element] { elements[head...].compactMap { $0 } }

    @inlinable public mutating func append(_ element: Element) { elements.append(element) }

    /// Inserts an element before all others.
    @inlinable
    public mutating func prepend(_ element: Element) {
        if head > 0 {
            head -= 1
            elements[head] = element
        } else {
            elements.insert(element, at: 0)
        }
    }

    /// Removes and returns the oldest element; nil when the queue is empty.
    @inlinable
    public mutating func popFirst() -> Element? {
        if isEmpty { return nil }
        let first = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1_024, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return first
    }

    /// Empties the queue and returns its elements.
    @inlinable
    public mutating func takeAll() -> [Element] {
        defer {
            elements.removeAll()
            head = 0
        }
        return all
    }
}
