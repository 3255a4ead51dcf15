using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.WebUtilities;

namespace Peer
{
    /// <summary>
    /// Writes real rings and payloads, so that tests need no .NET to read what .NET wrote: DIR/recorded.json is
    /// the index, DIR/recorded holds the rings. Keys are random, so no two recordings are equal.
    /// </summary>
    sealed class Record
    {
        const string TimeLimited = "Microsoft.AspNetCore.DataProtection.TimeLimitedDataProtector.v1";

        static readonly string[] purposes = { "purpose one", "sub" };

        readonly string root;
        readonly JsonArray vectors = new JsonArray();

        Record(string root)
        {
            this.root = root;
        }

        public static void Into(string root)
        {
            var record = new Record(root);
            record.Algorithms();
            record.ManagedAlgorithms();
            record.Purposes();
            record.TimeLimits();
            record.NullEncryptor();
            record.Revocation();
            record.MassRevocation();
            var about = "ring: directory relative to this file; purposes: the full chain with the application name; payload: base64url "
                + "without padding; plaintextHex: for kind time-limited without the 8 bytes of its expiration";
            var recording = Recording.New(about);
            recording["vectors"] = record.vectors;
            Recording.Write(Path.Combine(root, "recorded.json"), recording);
        }

        void Algorithms()
        {
            foreach (var encryption in Enum.GetNames(typeof(EncryptionAlgorithm)))
            {
                bool gcm = encryption.EndsWith("GCM");
                foreach (var validation in Enum.GetNames(typeof(ValidationAlgorithm)).Take(gcm ? 1 : 2))
                {
                    var name = "alg-" + encryption + (gcm ? "" : "-" + validation);
                    Sizes(name, new JsonObject { { "encryption", encryption }, { "validation", validation } });
                }
            }
        }

        void ManagedAlgorithms()
        {
            foreach (var keyBits in new[] { 128, 192, 256 })
            {
                foreach (var validation in new[] { "HMACSHA1", "HMACSHA256", "HMACSHA384", "HMACSHA512" })
                {
                    var managed = new JsonObject { { "encryption", "Aes" }, { "keyBits", keyBits }, { "validation", validation } };
                    Sizes("managed-Aes-" + keyBits + "-" + validation, new JsonObject { { "managed", managed } });
                }
            }
        }

        /// <summary>Nothing, less than a block, a block, and several that fill no block.</summary>
        void Sizes(string name, JsonObject options)
        {
            var protector = Open(name, options).Get<IDataProtectionProvider>().CreateProtector(purposes);
            foreach (var size in new[] { 0, 5, 16, 300 })
            {
                var data = Enumerable.Range(0, size).Select(i => (byte)i).ToArray();
                Add(name, "dotnet-protect", purposes, data, protector.Protect(data));
            }
        }

        void Purposes()
        {
            var provider = Open("purposes", new JsonObject()).Get<IDataProtectionProvider>();
            var data = Encoding.UTF8.GetBytes("chained");
            foreach (var chain in new[]
            {
                new[] { "" },
                new[] { "", "", " " },
                new[] { "é", "日本", "\U0001F511" },
                new[] { "e\u0301" },
                new[] { new string('a', 127), new string('b', 128) },
                new[] { new string('é', 8192) },
                Enumerable.Range(0, 300).Select(i => i.ToString()).ToArray(),
            })
            {
                Add("purposes", "dotnet-protect", chain, data, provider.CreateProtector(chain).Protect(data));
            }
            var text = "text é \U0001F511";
            var payload = provider.CreateProtector("s").Protect(text);
            Add("purposes", "string-form", new[] { "s" }, Encoding.UTF8.GetBytes(text), WebEncoders.Base64UrlDecode(payload))["protectedString"] = payload;
        }

        void TimeLimits()
        {
            var protector = Open("time-limited", new JsonObject()).Get<IDataProtectionProvider>().CreateProtector(purposes).ToTimeLimitedDataProtector();
            var data = Encoding.UTF8.GetBytes("limited");
            foreach (var expiration in new[]
            {
                DateTimeOffset.MaxValue,
                new DateTimeOffset(2099, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)).AddTicks(1234567),
                new DateTimeOffset(2001, 1, 2, 3, 4, 5, TimeSpan.Zero),
                DateTimeOffset.MinValue,
            })
            {
                var vector = Add("time-limited", "time-limited", purposes.Append(TimeLimited).ToArray(), data, protector.Protect(data, expiration));
                vector["expires"] = Json.Date(expiration);
                vector["expiresTicks"] = expiration.UtcTicks;
            }
        }

        void NullEncryptor()
        {
            Sizes("null-encryptor", new JsonObject { { "nullEncryptor", true } });
        }

        void Revocation()
        {
            var options = new JsonObject();
            var revoked = Protect("revoked", options, "lost");
            Open("revoked", options).Get<IKeyManager>().RevokeKey(revoked, "a test's reason, with <angles> & é");
            Protect("revoked", options, "found");
        }

        /// <summary>The date is of another time zone: its file's name is in UTC, its text is not.</summary>
        void MassRevocation()
        {
            var options = new JsonObject();
            Protect("mass-revoked", options, "lost");
            Open("mass-revoked", options).Get<IKeyManager>().RevokeAllKeys(DateTimeOffset.Now.ToOffset(TimeSpan.FromHours(2)), null);
            Protect("mass-revoked", options, "found");
        }

        /// <summary>One payload of a new node, which makes a key when it finds none that may protect.</summary>
        Guid Protect(string name, JsonObject options, string text)
        {
            var data = Encoding.UTF8.GetBytes(text);
            var payload = Open(name, options).Get<IDataProtectionProvider>().CreateProtector(purposes).Protect(data);
            Add(name, "revoked", purposes, data, payload)["revoked"] = text == "lost";
            return KeyId(payload);
        }

        Ring Open(string name, JsonObject options)
        {
            var copy = (JsonObject)options.DeepClone();
            copy["app"] = "app";
            copy["dir"] = Path.Combine(root, RingOf(name));
            return new Ring(copy);
        }

        JsonObject Add(string name, string kind, string[] chain, byte[] data, byte[] payload)
        {
            int count = vectors.Count(v => (string)v["ring"] == RingOf(name));
            var vector = new JsonObject
            {
                { "name", "recorded-" + name + "#" + count },
                { "kind", kind },
                { "ring", RingOf(name) },
                { "keyId", KeyId(payload).ToString() },
                { "purposes", new JsonArray(chain.Prepend("app").Select(p => (JsonNode)p).ToArray()) },
                { "plaintextHex", Convert.ToHexString(data).ToLowerInvariant() },
                { "payload", WebEncoders.Base64UrlEncode(payload) },
            };
            vectors.Add((JsonNode)vector);
            return vector;
        }

        static string RingOf(string name)
        {
            return "recorded/" + name + "/ring";
        }

        /// <summary>The 16 bytes after the magic.</summary>
        static Guid KeyId(byte[] payload)
        {
            return new Guid(new ReadOnlySpan<byte>(payload, 4, 16));
        }
    }
}
