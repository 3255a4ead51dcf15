using System;
using System.Linq;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.KeyManagement.Internal;
using Microsoft.Extensions.DependencyInjection;

namespace Peer
{
    /// <summary>Which key is the default at an instant: IDefaultKeyResolver, on a ring's keys or on made-up ones.</summary>
    static class Policy
    {
        /// <summary>The ring's keys, read once, at every instant of "now".</summary>
        public static JsonNode Resolve(JsonObject args)
        {
            var ring = Ring.Of(args);
            var keys = ring.Get<IKeyManager>().GetAllKeys().Select(key => new KnownKey(key)).ToArray();
            var resolver = ring.Get<IDefaultKeyResolver>();
            return new JsonArray(args.Items("now")
                .Select(now => Choice(resolver.ResolveDefaultKeyPolicy(now.GetValue<DateTimeOffset>(), keys)))
                .ToArray());
        }

        /// <summary>Made-up rings, each {"keys", "now"}; no file, no secret.</summary>
        public static JsonNode ResolveMany(JsonObject args)
        {
            var services = new ServiceCollection();
            services.AddDataProtection();
            using (var provider = services.BuildServiceProvider())
            {
                var resolver = provider.GetRequiredService<IDefaultKeyResolver>();
                return new JsonArray(args.Items("rings").Cast<JsonObject>()
                    .Select(ring => Choice(resolver.ResolveDefaultKeyPolicy(
                        ring.Date("now"),
                        ring.Items("keys").Select(key => new KnownKey((JsonObject)key)).ToArray())))
                    .ToArray());
            }
        }

        static JsonNode Choice(DefaultKeyResolution resolution)
        {
            return new JsonObject
            {
                { "default", resolution.DefaultKey?.KeyId.ToString() },
                { "fallback", resolution.FallbackKey?.KeyId.ToString() },
                { "generate", resolution.ShouldGenerateNewKey },
            };
        }

        /// <summary>
        /// A key of dates and flags alone. The policy only asks whether an encryptor can be made, so none is ever used;
        /// a key that throws instead of answering makes the policy try again for two seconds, an instant at a time.
        /// </summary>
        sealed class KnownKey : IKey, IAuthenticatedEncryptor
        {
            readonly bool usable;

            public KnownKey(JsonObject key)
            {
                KeyId = Guid.Parse(key.Text("id"));
                CreationDate = key.Date("creation");
                ActivationDate = key.Date("activation");
                ExpirationDate = key.Date("expiration");
                IsRevoked = key.Flag("revoked");
                usable = key.Flag("usable");
            }

            public KnownKey(IKey key)
            {
                KeyId = key.KeyId;
                CreationDate = key.CreationDate;
                ActivationDate = key.ActivationDate;
                ExpirationDate = key.ExpirationDate;
                IsRevoked = key.IsRevoked;
                try
                {
                    usable = key.CreateEncryptor() != null;
                }
                catch (Exception)
                {
                    usable = false;
                }
            }

            public Guid KeyId { get; }
            public DateTimeOffset CreationDate { get; }
            public DateTimeOffset ActivationDate { get; }
            public DateTimeOffset ExpirationDate { get; }
            public bool IsRevoked { get; }

            public IAuthenticatedEncryptorDescriptor Descriptor
            {
                get { throw new NotSupportedException(); }
            }

            public IAuthenticatedEncryptor CreateEncryptor()
            {
                return usable ? this : null;
            }

            public byte[] Encrypt(ArraySegment<byte> plaintext, ArraySegment<byte> aad)
            {
                throw new NotSupportedException();
            }

            public byte[] Decrypt(ArraySegment<byte> ciphertext, ArraySegment<byte> aad)
            {
                throw new NotSupportedException();
            }
        }
    }
}
