using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Reflection;
using System.Security.Claims;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Peer
{
    /// <summary>
    /// An application with cookie authentication on Kestrel, at a free port of 127.0.0.1. It takes the options of
    /// a ring and, all optional: scheme, cookieName, domain, expireSeconds, absolute (no sliding), secure (None,
    /// SameAsRequest, Always; default SameAsRequest), store (true: tickets stay in this process, under the keys
    /// "key-1", "key-2" and so on).
    ///
    /// GET  /            who is signed in, with links: for people
    /// GET  /signin      name (default bob), role (any number), claim (any number of type=value), size (bytes of
    ///                   one more claim), persistent=1, norefresh=1
    /// POST /signin      a whole ticket as TicketJson reads it
    /// GET  /whoami      {"ticket", "failure"}, either null
    /// GET  /signout
    /// GET  /clock       shift: its clock is that many seconds ahead from now on
    /// GET  /private     asks for a sign-in
    ///
    /// With cache=… in the query, a page says that in Cache-Control.
    /// </summary>
    public sealed class Web
    {
        static readonly ConcurrentDictionary<long, WebApplication> running = new ConcurrentDictionary<long, WebApplication>();
        static long lastHandle;

        readonly string scheme;
        readonly ShiftedClock clock = new ShiftedClock();

        Web(JsonObject options)
        {
            scheme = options.Text("scheme") ?? CookieAuthenticationDefaults.AuthenticationScheme;
        }

        internal static JsonNode Start(JsonObject options)
        {
            long handle = Interlocked.Increment(ref lastHandle);
            var app = new Web(options).Build(options);
            app.StartAsync().GetAwaiter().GetResult();
            running[handle] = app;
            return new JsonObject { { "handle", handle }, { "url", app.Urls.Single() } };
        }

        internal static JsonNode Stop(JsonObject args)
        {
            WebApplication app;
            if (running.TryRemove((long)args["handle"], out app))
            {
                app.StopAsync().GetAwaiter().GetResult();
                ((IDisposable)app).Dispose();
            }
            return null;
        }

        WebApplication Build(JsonObject options)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            Ring.Configure(builder.Services, options);
            builder.Services.AddAuthentication(scheme).AddCookie(scheme, cookie =>
            {
                if (options.Text("cookieName") != null)
                {
                    cookie.Cookie.Name = options.Text("cookieName");
                }
                if (options.Text("domain") != null)
                {
                    cookie.Cookie.Domain = options.Text("domain");
                }
                if (options["expireSeconds"] != null)
                {
                    cookie.ExpireTimeSpan = TimeSpan.FromSeconds((double)options["expireSeconds"]);
                }
                cookie.SlidingExpiration = !options.Flag("absolute");
                cookie.Cookie.SecurePolicy = (CookieSecurePolicy)Enum.Parse(typeof(CookieSecurePolicy), options.Text("secure") ?? "SameAsRequest");
                cookie.SessionStore = options.Flag("store") ? DispatchProxy.Create<ITicketStore, Store>() : null;
                cookie.TimeProvider = clock;
            });
            var app = builder.Build();
            // A browser asks for an icon when it likes; that must not renew anybody's cookie.
            app.Map("/favicon.ico", icon => icon.Run(context => { context.Response.StatusCode = 404; return Task.CompletedTask; }));
            app.UseAuthentication();
            app.Run(Answer);
            return app;
        }

        async Task Answer(HttpContext context)
        {
            if (context.Request.Query.ContainsKey("cache"))
            {
                context.Response.Headers["Cache-Control"] = context.Request.Query["cache"];
            }
            switch (context.Request.Method + " " + context.Request.Path)
            {
                case "GET /":
                    context.Response.ContentType = "text/html; charset=utf-8";
                    await context.Response.WriteAsync("<!DOCTYPE html><title>ASP.NET Core</title><h1 id=who>" +
                        WebUtility.HtmlEncode(context.User.Identity?.Name ?? "nobody") +
                        "</h1><p><a id=signin href=/signin>sign in</a> <a id=signout href=/signout>sign out</a>");
                    break;
                case "GET /signin":
                    await SignIn(context, new ClaimsPrincipal(Identity(context.Request.Query)), Properties(context.Request.Query));
                    break;
                case "POST /signin":
                    var ticket = TicketJson.Read(await JsonNode.ParseAsync(context.Request.Body));
                    await SignIn(context, ticket.Principal, ticket.Properties);
                    break;
                case "GET /whoami":
                    await WhoAmI(context);
                    break;
                case "GET /signout":
                    await context.SignOutAsync(scheme);
                    await context.Response.WriteAsync("signed out");
                    break;
                case "GET /clock":
                    clock.Shift = TimeSpan.FromSeconds(double.Parse(context.Request.Query["shift"]));
                    break;
                case "GET /private":
                    await (context.User.Identity?.IsAuthenticated == true ? context.Response.WriteAsync("private") : context.ChallengeAsync(scheme));
                    break;
                default:
                    context.Response.StatusCode = 404;
                    break;
            }
        }

        async Task SignIn(HttpContext context, ClaimsPrincipal principal, AuthenticationProperties properties)
        {
            await context.SignInAsync(scheme, principal, properties);
            await context.Response.WriteAsync("signed in");
        }

        ClaimsIdentity Identity(IQueryCollection query)
        {
            var identity = new ClaimsIdentity(scheme);
            identity.AddClaim(new Claim(ClaimTypes.Name, (string)query["name"] ?? "bob"));
            foreach (var role in query["role"])
            {
                identity.AddClaim(new Claim(ClaimTypes.Role, role));
            }
            foreach (var claim in query["claim"])
            {
                var pair = claim.Split(new[] { '=' }, 2);
                identity.AddClaim(new Claim(pair[0], pair[1]));
            }
            if (query.ContainsKey("size"))
            {
                identity.AddClaim(new Claim("large", new string('x', int.Parse(query["size"]))));
            }
            return identity;
        }

        static AuthenticationProperties Properties(IQueryCollection query)
        {
            var properties = new AuthenticationProperties { IsPersistent = query["persistent"] == "1" };
            if (query["norefresh"] == "1")
            {
                properties.AllowRefresh = false;
            }
            return properties;
        }

        async Task WhoAmI(HttpContext context)
        {
            var result = await context.AuthenticateAsync(scheme);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(new JsonObject
            {
                { "ticket", TicketJson.Write(result.Ticket) },
                { "failure", result.Failure?.Message },
            }.ToJsonString());
        }

        /// <summary>
        /// An ITicketStore. C# 7.3 cannot implement an interface whose methods have defaults; a proxy can, and is
        /// asked for whichever overload.
        /// </summary>
        public class Store : DispatchProxy
        {
            readonly ConcurrentDictionary<string, AuthenticationTicket> tickets = new ConcurrentDictionary<string, AuthenticationTicket>();
            int last;

            protected override object Invoke(MethodInfo method, object[] args)
            {
                AuthenticationTicket ticket;
                switch (method.Name)
                {
                    case nameof(ITicketStore.StoreAsync):
                        string key = "key-" + Interlocked.Increment(ref last);
                        tickets[key] = (AuthenticationTicket)args[0];
                        return Task.FromResult(key);
                    case nameof(ITicketStore.RenewAsync):
                        tickets[(string)args[0]] = (AuthenticationTicket)args[1];
                        return Task.CompletedTask;
                    case nameof(ITicketStore.RetrieveAsync):
                        tickets.TryGetValue((string)args[0], out ticket);
                        return Task.FromResult(ticket);
                    default:
                        tickets.TryRemove((string)args[0], out ticket);
                        return Task.CompletedTask;
                }
            }
        }

        sealed class ShiftedClock : TimeProvider
        {
            public TimeSpan Shift;

            public override DateTimeOffset GetUtcNow()
            {
                return base.GetUtcNow() + Shift;
            }
        }
    }
}
