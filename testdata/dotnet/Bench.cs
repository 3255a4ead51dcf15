using System;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Peer
{
    /// <summary>Speed, one cell at a time, for a driver that asks several programs in turn.</summary>
    static class Bench
    {
        /// <summary>
        /// A ring's "op" (protect, unprotect, protectString, unprotectString) on "size" bytes for about "seconds",
        /// after "warmup" seconds (0.5) that bring the code to its last compilation.
        /// </summary>
        public static JsonNode Payloads(JsonObject args)
        {
            var protector = Ring.Of(args).Get<IDataProtectionProvider>().CreateProtector(args.Texts("purposes"));
            var operation = Operation(args.Text("op"), protector, (int)args["size"]);

            Repeat(operation, (double?)args["warmup"] ?? 0.5);
            GC.Collect();
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            long count;
            var elapsed = Repeat(operation, (double)args["seconds"], out count);
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;

            return new JsonObject
            {
                { "operations", count },
                { "nanosecondsPerOperation", elapsed.TotalMilliseconds * 1e6 / count },
                { "bytesPerOperation", (double)bytes / count },
            };
        }

        /// <summary>
        /// From nothing to the first payload: a new service provider reads the directory, chooses a key, protects.
        /// Takes the arguments of "open". Allocations are the whole process's, because other threads read the ring.
        /// </summary>
        public static JsonNode Open(JsonObject args)
        {
            long held = GC.GetTotalMemory(true);
            long allocated = GC.GetTotalAllocatedBytes(true);
            var watch = Stopwatch.StartNew();
            var services = Ring.Configure(args);
            services.GetRequiredService<IDataProtectionProvider>().CreateProtector("bench").Protect(new byte[32]);
            watch.Stop();
            allocated = GC.GetTotalAllocatedBytes(true) - allocated;
            held = GC.GetTotalMemory(true) - held;
            services.Dispose();
            return new JsonObject
            {
                { "nanoseconds", watch.Elapsed.TotalMilliseconds * 1e6 },
                { "allocatedBytes", allocated },
                { "retainedBytes", held },
            };
        }

        static Action Operation(string name, IDataProtector protector, int size)
        {
            var data = RandomNumberGenerator.GetBytes(size);
            var text = new string('x', size);
            switch (name)
            {
                case "protect":
                    return () => protector.Protect(data);
                case "unprotect":
                    var payload = protector.Protect(data);
                    return () => protector.Unprotect(payload);
                case "protectString":
                    return () => protector.Protect(text);
                case "unprotectString":
                    var protectedText = protector.Protect(text);
                    return () => protector.Unprotect(protectedText);
                default:
                    throw new ArgumentException("no operation " + name);
            }
        }

        static TimeSpan Repeat(Action operation, double seconds)
        {
            long count;
            return Repeat(operation, seconds, out count);
        }

        /// <summary>Looks at the clock every few operations, so that the clock is not what is measured.</summary>
        static TimeSpan Repeat(Action operation, double seconds, out long count)
        {
            count = 0;
            var limit = TimeSpan.FromSeconds(seconds);
            var watch = Stopwatch.StartNew();
            do
            {
                for (int i = 0; i < 8; i++)
                {
                    operation();
                }
                count += 8;
            }
            while (watch.Elapsed < limit);
            return watch.Elapsed;
        }
    }
}
