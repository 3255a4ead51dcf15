using System;
using System.Collections.Concurrent;
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using System.Threading;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.KeyManagement.Internal;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;

namespace Peer
{
    /// <summary>
    /// Data Protection as an application configures it, over one key directory or, with "repository", another store.
    /// Like any ASP.NET Core node it reads the ring when it first needs a key and then about once a day; reopen is a
    /// node that restarts.
    /// </summary>
    sealed class Ring
    {
        static readonly ConcurrentDictionary<long, Ring> rings = new ConcurrentDictionary<long, Ring>();
        static long lastHandle;

        readonly JsonObject options;
        ServiceProvider services;

        public Ring(JsonObject options)
        {
            this.options = options;
            services = Configure(options);
        }

        public T Get<T>()
        {
            return services.GetRequiredService<T>();
        }

        public static Ring Of(JsonObject args)
        {
            return rings[(long)args["handle"]];
        }

        public static JsonNode Open(JsonObject args)
        {
            var ring = new Ring(args);
            long handle = Interlocked.Increment(ref lastHandle);
            rings[handle] = ring;
            return new JsonObject { { "handle", handle } };
        }

        public static JsonNode Reopen(JsonObject args)
        {
            var ring = Of(args);
            ring.services.Dispose();
            ring.services = Configure(ring.options);
            return null;
        }

        public static JsonNode Close(JsonObject args)
        {
            Ring ring;
            if (rings.TryRemove((long)args["handle"], out ring))
            {
                ring.services.Dispose();
            }
            return null;
        }

        public static ServiceProvider Configure(JsonObject options)
        {
            var services = new ServiceCollection();
            Configure(services, options);
            return services.BuildServiceProvider();
        }

        public static void Configure(IServiceCollection services, JsonObject options)
        {
            var builder = services.AddDataProtection();
            var repository = options["repository"] as JsonObject;
            if (repository != null)
            {
                builder.AddKeyManagementOptions(o => o.XmlRepository = OpenStore(repository));
            }
            else
            {
                builder.PersistKeysToFileSystem(new DirectoryInfo(options.Text("dir")));
            }
            if (options.Text("app") != null)
            {
                builder.SetApplicationName(options.Text("app"));
            }
            if (options["lifetimeDays"] != null)
            {
                builder.SetDefaultKeyLifetime(TimeSpan.FromDays((double)options["lifetimeDays"]));
            }
            if (options.Flag("disableGeneration"))
            {
                builder.DisableAutomaticKeyGeneration();
            }
            UseAlgorithms(builder, options);
            UseEncryption(builder, options);
        }

        /// <summary>Stores need clients that the framework does not bring; this program can be built without them.</summary>
        static IXmlRepository OpenStore(JsonObject store)
        {
            var stores = typeof(Ring).Assembly.GetType("Peer.Stores");
            if (stores == null)
            {
                throw new NotSupportedException("this program was built without stores/Stores.cs");
            }
            var open = (Func<JsonObject, IXmlRepository>)stores.GetMethod("Open").CreateDelegate(typeof(Func<JsonObject, IXmlRepository>));
            return open(store);
        }

        static void UseAlgorithms(IDataProtectionBuilder builder, JsonObject options)
        {
            var managed = options["managed"] as JsonObject;
            if (managed != null)
            {
                builder.UseCustomCryptographicAlgorithms(new ManagedAuthenticatedEncryptorConfiguration
                {
                    EncryptionAlgorithmType = Algorithm(managed.Text("encryption")),
                    EncryptionAlgorithmKeySize = (int)managed["keyBits"],
                    ValidationAlgorithmType = Algorithm(managed.Text("validation")),
                });
            }
            else if (options.Text("encryption") != null)
            {
                var validation = options.Text("validation") ?? nameof(ValidationAlgorithm.HMACSHA256);
                builder.UseCryptographicAlgorithms(new AuthenticatedEncryptorConfiguration
                {
                    EncryptionAlgorithm = (EncryptionAlgorithm)Enum.Parse(typeof(EncryptionAlgorithm), options.Text("encryption")),
                    ValidationAlgorithm = (ValidationAlgorithm)Enum.Parse(typeof(ValidationAlgorithm), validation),
                });
            }
        }

        static Type Algorithm(string name)
        {
            return typeof(Aes).Assembly.GetType("System.Security.Cryptography." + name, true);
        }

        static void UseEncryption(IDataProtectionBuilder builder, JsonObject options)
        {
            var protect = options["protectWithPfx"] as JsonObject;
            if (protect != null)
            {
                builder.ProtectKeysWithCertificate(Certificate(protect));
            }
            foreach (JsonObject unprotect in options.Items("unprotectWithPfx"))
            {
                builder.UnprotectKeysWithAnyCertificate(Certificate(unprotect));
            }
            if (options.Flag("nullEncryptor"))
            {
                builder.AddKeyManagementOptions(o => o.XmlEncryptor = new NullXmlEncryptor());
            }
        }

        static X509Certificate2 Certificate(JsonObject pfx)
        {
            return X509CertificateLoader.LoadPkcs12FromFile(pfx.Text("path"), pfx.Text("password"));
        }
    }
}
