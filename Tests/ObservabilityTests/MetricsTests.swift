import Observability
import Testing

@Suite struct MetricsTests {
    let metrics = Metrics(seriesCountMax: 3, process: false)

    @Test func `the page is in the Prometheus text format`() {
        metrics.counter("http_requests_total", help: "Requests.", labels: ["status": "200", "method": "GET"])
            .increment(by: 3)
        metrics.gauge("pool_size", help: "Connections\nin the \\ \"pool\".").set(2.5)
        metrics.gauge("pool_idle", help: "Idle.") { .infinity }
        let histogram = metrics.histogram("wait_seconds", help: "Wait.", labels: ["lane": "a"], buckets: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.observe(value) }
        #expect(
            metrics.prometheusText() == """
                # HELP http_requests_total Requests.
                # TYPE http_requests_total counter
                http_requests_total{method="GET",status="200"} 3
                # HELP pool_idle Idle.
                # TYPE pool_idle gauge
                pool_idle +Inf
                # HELP pool_size Connections\\nin the \\\\ "pool".
                # TYPE pool_size gauge
                pool_size 2.5
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{lane="a",le="0.1"} 2
                wait_seconds_bucket{lane="a",le="1.0"} 3
                wait_seconds_bucket{lane="a",le="+Inf"} 4
                wait_seconds_sum{lane="a"} 7.65
                wait_seconds_count{lane="a"} 4
                # HELP metrics_series_refused_total Requests for series beyond a metric's limit.
                # TYPE metrics_series_refused_total counter
                metrics_series_refused_total 0

                """)
    }

    @Test func `a label value cannot break out of its quotes`() {
        metrics.counter("a_total", help: "A.", labels: ["path": "x\"} 1\nb_total{c=\"\\"]).increment()
        #expect(metrics.prometheusText().contains(#"a_total{path="x\"} 1\nb_total{c=\"\\"} 1"#))
    }

    @Test func `the same name and labels are the same instrument, in whatever order`() {
        metrics.counter("a_total", help: "A.", labels: ["x": "1", "y": "2"]).increment()
        let again = metrics.counter("a_total", help: "A.", labels: ["y": "2", "x": "1"])
        #expect(again.value == 1)
    }

    @Test func `label values beyond the limit are counted together`() {
        for user in 0..<100 {
            metrics.counter("logins_total", help: "Log-ins.", labels: ["who": "user-\(user)"]).increment()
        }
        let page = metrics.prometheusText()
        #expect(page.split(separator: "\n").filter { $0.hasPrefix("logins_total{") }.count == 4)
        #expect(page.contains(#"logins_total{who="other"} 97"#))
        #expect(page.contains("metrics_series_refused_total 97"))
    }

    @Test func `nothing is lost when many threads count at once`() async {
        let counter = metrics.counter("a_total", help: "A.")
        let gauge = metrics.gauge("b", help: "B.")
        let histogram = metrics.histogram("c_seconds", help: "C.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        gauge.add(0.5)
                        histogram.observe(.milliseconds(250))
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(gauge.value == 40_000)
        #expect(histogram.count == 80_000)
        #expect(histogram.sum == 20_000)
    }

    @Test func `a value that is not a number is not observed`() {
        let histogram = metrics.histogram("a_seconds", help: "A.")
        histogram.observe(.nan)
        histogram.observe(1)
        #expect(histogram.count == 1)
        #expect(histogram.sum == 1)
    }

    #if os(Linux)
    @Test func `the process shows memory, processor time and descriptors`() throws {
        let page = Metrics().prometheusText()
        func value(_ name: String) -> Double {
            let line = page.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? -1
        }
        #expect((1_000_000...10_000_000_000).contains(value("process_resident_memory_bytes")))
        #expect(value("process_cpu_seconds_total") > 0)
        #expect((3...100_000).contains(value("process_open_fds")))
        #expect(value("process_max_fds") >= value("process_open_fds"))
    }
    #endif
}
