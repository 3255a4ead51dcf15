using System;
using System.Linq;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection;

namespace Peer
{
    /// <summary>
    /// Protecting and unprotecting, many items a request. The argument form says how an item travels: "bytes"
    /// is base64 of IDataProtector's byte methods, "string" the text of its string extensions.
    /// </summary>
    static class Payloads
    {
        public static JsonNode Protect(JsonObject args)
        {
            var protector = Protector(args);
            return Convert(args, protector.Protect, protector.Protect);
        }

        public static JsonNode Unprotect(JsonObject args)
        {
            var protector = Protector(args);
            return Convert(args, protector.Unprotect, protector.Unprotect);
        }

        public static JsonNode DangerousUnprotect(JsonObject args)
        {
            var protector = (IPersistedDataProtector)Protector(args);
            bool ignoreRevocation = args.Flag("ignoreRevocation");
            return Json.Each(args.Items("items"), item =>
            {
                bool requiresMigration, wasRevoked;
                var data = protector.DangerousUnprotect(Bytes(item), ignoreRevocation, out requiresMigration, out wasRevoked);
                return new JsonObject
                {
                    { "value", System.Convert.ToBase64String(data) },
                    { "requiresMigration", requiresMigration },
                    { "wasRevoked", wasRevoked },
                };
            });
        }

        public static JsonNode ProtectUntil(JsonObject args)
        {
            var protector = Protector(args).ToTimeLimitedDataProtector();
            if (args["expiration"] == null)
            {
                return Convert(args, protector.Protect, protector.Protect);
            }
            var expiration = args.Date("expiration");
            return Convert(args, data => protector.Protect(data, expiration), text => protector.Protect(text, expiration));
        }

        public static JsonNode UnprotectTimeLimited(JsonObject args)
        {
            var protector = Protector(args).ToTimeLimitedDataProtector();
            return Json.Each(args.Items("items"), item =>
            {
                DateTimeOffset expiration;
                var data = protector.Unprotect(Bytes(item), out expiration);
                return new JsonObject
                {
                    { "value", System.Convert.ToBase64String(data) },
                    { "expiration", Json.Date(expiration) },
                };
            });
        }

        static IDataProtector Protector(JsonObject args)
        {
            var purposes = args.Texts("purposes");
            return Ring.Of(args).Get<IDataProtectionProvider>().CreateProtector(purposes);
        }

        static JsonArray Convert(JsonObject args, Func<byte[], byte[]> bytes, Func<string, string> text)
        {
            bool strings = args.Text("form") == "string";
            return Json.Each(args.Items("items"), item => new JsonObject
            {
                { "value", strings ? text((string)item) : System.Convert.ToBase64String(bytes(Bytes(item))) },
            });
        }

        /// <summary>Null is how Go writes a nil slice: no bytes.</summary>
        static byte[] Bytes(JsonNode item)
        {
            return System.Convert.FromBase64String((string)item ?? "");
        }
    }
}
